// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPackageToken} from "../src/IPackageToken.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

contract AnchorTest is Fixture {
    string private constant LOG = "farm-7/events";
    bytes32 private constant THREES = 0x3333333333333333333333333333333333333333333333333333333333333333;
    bytes32 private constant FOURS = 0x4444444444444444444444444444444444444444444444444444444444444444;
    bytes32 private constant HEAD_2 = 0xab56e1f37563785c0d76724fb07910836476a2fba563c0dcd68b358933bb50b9;

    function test_head_is_the_one_worked_out_elsewhere() external {
        _anchor(DEVICE, 1, THREES, 256);
        _anchor(DEVICE, 2, FOURS, 512);
        (uint32 number, uint64 size, bytes32 head) = token.anchorOf(_logId());
        vm.assertEq(number, 2);
        vm.assertEq(size, 512);
        vm.assertEq(head, HEAD_2);
    }

    function test_log_id_is_made_of_farm_and_name() external view {
        vm.assertEq(token.logIdOf(FARM, LOG), keccak256(abi.encode(FARM, LOG)));
    }

    function test_batch_is_told() external {
        bytes32 head = keccak256(abi.encode(bytes32(0), uint32(1), THREES, uint64(256)));
        vm.expectEmit(address(token));
        emit IPackageToken.Batch(_logId(), 1, DEVICE, THREES, 256, head);
        _anchor(DEVICE, 1, THREES, 256);
    }

    function testFuzz_only_the_next_number_is_taken(uint32 number) external {
        vm.assume(number != 2);
        _anchor(FARM, 1, THREES, 256);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongNumber.selector, _logId(), 2));
        _anchor(FARM, number, FOURS, 512);
    }

    function testFuzz_log_never_shrinks_or_stands(uint64 size) external {
        vm.assume(size <= 256);
        _anchor(FARM, 1, THREES, 256);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongSize.selector, _logId(), 256));
        _anchor(FARM, 2, FOURS, size);
    }

    function test_first_anchor_of_nothing_is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongSize.selector, _logId(), 0));
        _anchor(FARM, 1, THREES, 0);
    }

    function test_stranger_does_not_anchor_for_a_farm() external {
        vm.expectRevert(_notParty(FARM, STRANGER));
        _anchor(STRANGER, 1, THREES, 256);
    }

    function test_logs_of_one_farm_are_counted_apart() external {
        _anchor(FARM, 1, THREES, 256);
        vm.prank(FARM);
        token.anchor(FARM, "farm-7/other", 1, THREES, 1);
        (uint32 number, uint64 size,) = token.anchorOf(_logId());
        vm.assertEq(number, 1);
        vm.assertEq(size, 256);
    }

    function test_logs_of_one_name_are_counted_apart_by_farm() external {
        _anchor(FARM, 1, THREES, 256);
        vm.prank(STRANGER);
        token.anchor(STRANGER, LOG, 1, FOURS, 1);
        (,, bytes32 head) = token.anchorOf(_logId());
        vm.assertEq(head, keccak256(abi.encode(bytes32(0), uint32(1), THREES, uint64(256))));
    }

    function _anchor(address by, uint32 number, bytes32 root, uint64 size) private {
        vm.prank(by);
        token.anchor(FARM, LOG, number, root, size);
    }

    function _logId() private pure returns (bytes32) {
        return keccak256(abi.encode(FARM, LOG));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5192} from "../src/IERC5192.sol";
import {IPackageToken} from "../src/IPackageToken.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @dev Every transfer path of ERC-721 reverts, whoever takes it: only accept moves.
contract LockTest is Fixture {
    address private constant APPROVED = address(0xA99);

    function test_holder_cannot_transfer() external {
        _expectAllLocked(FARM, STORE);
    }

    function test_holder_cannot_transfer_to_itself() external {
        _expectAllLocked(FARM, FARM);
    }

    function test_operator_cannot_transfer() external {
        _expectAllLocked(DEVICE, STORE);
    }

    function test_approved_one_cannot_transfer() external {
        vm.prank(FARM);
        token.approve(APPROVED, id);
        _expectAllLocked(APPROVED, STORE);
    }

    function test_stranger_cannot_transfer() external {
        _expectAllLocked(STRANGER, STRANGER);
    }

    function test_admin_and_regulator_cannot_transfer() external {
        _expectAllLocked(ADMIN, ADMIN);
        _expectAllLocked(REGULATOR, REGULATOR);
    }

    function test_offered_party_and_its_operator_cannot_skip_accept() external {
        _offer(DEVICE, id, STORE);
        vm.prank(STORE);
        token.setApprovalForAll(STRANGER, true);
        _expectAllLocked(STORE, STORE);
        _expectAllLocked(STRANGER, STORE);
        _expectAllLocked(DEVICE, STORE);
    }

    function test_unknown_token_is_told_as_unknown() external {
        vm.expectRevert(abi.encodeWithSignature("ERC721NonexistentToken(uint256)", 404));
        vm.prank(FARM);
        token.transferFrom(FARM, STORE, 404);
    }

    function test_locked_is_always_true() external {
        vm.assertTrue(token.locked(id));
        _offer(DEVICE, id, STORE);
        vm.assertTrue(token.locked(id));
    }

    function test_locked_of_an_unknown_token_reverts() external {
        vm.expectRevert(abi.encodeWithSignature("ERC721NonexistentToken(uint256)", 404));
        token.locked(404);
    }

    function test_birth_tells_the_lock() external {
        uint256 born = token.tokenId(GTIN, "SN7");
        vm.expectEmit(address(token));
        emit IERC5192.Locked(born);
        _register(DEVICE, FARM, "SN7");
    }

    function test_accept_clears_the_approval_of_the_last_holder() external {
        vm.prank(FARM);
        token.approve(APPROVED, id);
        _offer(DEVICE, id, STORE);
        _accept(STORE, id);
        vm.assertEq(token.getApproved(id), address(0));
    }

    function test_interface_ids() external view {
        vm.assertTrue(token.supportsInterface(0x80ac58cd)); // ERC-721
        vm.assertTrue(token.supportsInterface(0x5b5e139f)); // its metadata
        vm.assertTrue(token.supportsInterface(0x01ffc9a7)); // ERC-165
        vm.assertTrue(token.supportsInterface(0xb45a3c0e)); // ERC-5192
        vm.assertTrue(token.supportsInterface(type(IPackageToken).interfaceId));
        vm.assertTrue(token.supportsInterface(0x7965db0b)); // access control
        vm.assertFalse(token.supportsInterface(0xffffffff));
    }

    function _expectAllLocked(address by, address to) private {
        bytes memory locked = abi.encodeWithSelector(IPackageToken.TokenLocked.selector, id);
        vm.expectRevert(locked);
        vm.prank(by);
        token.transferFrom(FARM, to, id);
        vm.expectRevert(locked);
        vm.prank(by);
        token.safeTransferFrom(FARM, to, id);
        vm.expectRevert(locked);
        vm.prank(by);
        token.safeTransferFrom(FARM, to, id, "note");
        vm.assertEq(token.ownerOf(id), FARM);
    }
}

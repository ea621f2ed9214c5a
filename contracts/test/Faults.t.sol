// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPackageToken} from "../src/IPackageToken.sol";
import {Fixture} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @dev The six faults of the contract this one replaces, each with its way round.
contract FaultsTest is Fixture {
    // 1: taking back the offer of an Empty package made it Prepared.

    function test_withdrawn_offer_gives_back_empty() external {
        _emptied();
        _offer(DEVICE, id, CENTRE);
        _expectState(IPackageToken.State.Returned);
        _withdraw(DEVICE);
        _expectState(IPackageToken.State.Empty);
    }

    function test_withdrawn_offer_gives_back_prepared() external {
        _emptied();
        _advance(114);
        _offer(DEVICE, id, CENTRE);
        _withdraw(DEVICE);
        _expectState(IPackageToken.State.Prepared);
    }

    function test_withdrawn_offer_gives_back_sealed() external {
        _offer(DEVICE, id, STORE);
        _withdraw(DEVICE);
        _expectState(IPackageToken.State.Sealed);
    }

    // 2: a package advanced under an open offer, and accept moved it used.

    function test_advance_under_an_open_offer_reverts() external {
        _offer(DEVICE, id, STORE);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.OfferOpen.selector, id, STORE));
        vm.prank(DEVICE);
        token.advance(id, 3, 102, DATA);
    }

    function test_accept_by_a_party_that_lost_its_role_reverts() external {
        _offer(DEVICE, id, STORE);
        _revoke("STORE", STORE);
        vm.expectRevert(_noRoute(FARM, STORE));
        vm.prank(STORE);
        token.accept(id, 3, DATA);
    }

    function test_accept_from_a_farm_that_lost_its_role_reverts() external {
        _emptied();
        _offer(DEVICE, id, CENTRE);
        _revoke("FARM", FARM);
        vm.expectRevert(_noRoute(FARM, CENTRE));
        vm.prank(CENTRE);
        token.accept(id, 5, DATA);
    }

    // 3: advance skipped states.

    /// @dev Every kind in every state a farm can hold; only four steps exist.
    function test_advance_takes_the_next_state_only() external {
        uint16[4] memory kinds = [uint16(102), 103, 104, 114];
        uint8[4] memory leadsTo = [2, 3, 4, 4];
        for (uint8 state = 1; state <= 4; ++state) {
            for (uint256 i; i < 4; ++i) {
                if (leadsTo[i] != state + 1) {
                    _expectNoAdvance(kinds[i], IPackageToken.State(state));
                }
            }
            if (state < 4) {
                _advance(kinds[state - 1]);
            }
        }
    }

    function test_bagging_prepares_as_rinsing_does() external {
        _emptied();
        _advance(114);
        _expectState(IPackageToken.State.Prepared);
    }

    // 4: a hold stopped neither withdrawOffer nor destroy.

    function test_hold_stops_advance() external {
        _hold(true);
        _expectHeld();
        vm.prank(DEVICE);
        token.advance(id, 3, 102, DATA);
    }

    function test_hold_stops_offer() external {
        _hold(true);
        _expectHeld();
        vm.prank(DEVICE);
        token.offer(id, 3, STORE, DATA);
    }

    function test_hold_stops_accept_and_withdraw_of_an_open_offer() external {
        _offer(DEVICE, id, STORE);
        _hold(true);
        _expectHeld();
        vm.prank(STORE);
        token.accept(id, 4, DATA);
        _expectHeld();
        vm.prank(DEVICE);
        token.withdrawOffer(id, 4, DATA);
    }

    function test_hold_stops_destroy() external {
        _received();
        _hold(true);
        uint32 seq = _next(id);
        _expectHeld();
        vm.prank(CENTRE);
        token.destroy(id, seq, DATA);
    }

    function test_hold_lets_sensors_record() external {
        _hold(true);
        vm.prank(DEVICE);
        token.record(id, 3, 1000, DATA);
        vm.assertEq(_next(id), 4);
    }

    function test_lifted_hold_frees() external {
        _offer(DEVICE, id, STORE);
        _hold(true);
        _hold(false);
        _accept(STORE, id);
        vm.assertEq(token.ownerOf(id), STORE);
    }

    // 5: a farm minted to anybody.

    function test_farm_registers_to_itself_only() external {
        vm.expectRevert(_notParty(STORE, FARM));
        _register(FARM, STORE, "SN5");
    }

    function test_operator_registers_to_its_own_farm_only() external {
        _grant("FARM", STRANGER);
        vm.expectRevert(_notParty(STRANGER, DEVICE));
        _register(DEVICE, STRANGER, "SN5");
    }

    // 6: anchors counted per caller started again at a change of keys.

    function test_anchor_count_outlives_a_device_key() external {
        vm.prank(DEVICE);
        token.anchor(FARM, "events", 1, bytes32(uint256(1)), 256);
        vm.prank(FARM);
        token.setApprovalForAll(DEVICE, false);
        vm.prank(FARM);
        token.setApprovalForAll(STRANGER, true);
        bytes32 logId = token.logIdOf(FARM, "events");
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongNumber.selector, logId, 2));
        vm.prank(STRANGER);
        token.anchor(FARM, "events", 1, bytes32(uint256(2)), 512);
        vm.prank(STRANGER);
        token.anchor(FARM, "events", 2, bytes32(uint256(2)), 512);
        (uint32 number, uint64 size,) = token.anchorOf(logId);
        vm.assertEq(number, 2);
        vm.assertEq(size, 512);
    }

    function _expectHeld() private {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.OnHold.selector, id));
    }

    function _expectNoAdvance(uint16 kind, IPackageToken.State state) private {
        uint32 seq = _next(id);
        vm.expectRevert(_wrongState(state));
        vm.prank(DEVICE);
        token.advance(id, seq, kind, DATA);
    }
}

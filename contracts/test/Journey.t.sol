// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPackageToken} from "../src/IPackageToken.sol";
import {Fixture} from "./Fixture.sol";
import {Vm, vm} from "./Vm.sol";

contract RegisterTest is Fixture {
    bytes16 private constant UUID = 0x00112233445566778899aabbccddeeff;

    function test_factory_and_regulator_register_for_others() external {
        vm.assertEq(token.ownerOf(_register(MAKER, DEALER, "A")), DEALER);
        vm.assertEq(token.ownerOf(_register(REGULATOR, FARM, "B")), FARM);
    }

    function test_others_do_not_register() external {
        vm.expectRevert(_noRole(STORE, "FARM"));
        _register(STORE, STORE, "A");
        vm.expectRevert(_notParty(FARM, STRANGER));
        _register(STRANGER, FARM, "A");
    }

    function test_second_birth_reverts_whoever_asks() external {
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidSender(address)", address(0)));
        _register(DEVICE, FARM, "SN00000001");
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidSender(address)", address(0)));
        _register(MAKER, MAKER, "SN00000001");
    }

    function test_label_without_serial_is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.NoSerial.selector));
        _register(DEVICE, FARM, "");
    }

    function test_birth_is_told_and_kept() external {
        vm.warp(1795241520);
        uint256 born = token.tokenId(GTIN, "SN1");
        vm.expectEmit(address(token));
        emit IPackageToken.Registered(born, GTIN, keccak256("invoice"), "SN1", 1800000000);
        _register(DEVICE, FARM, "SN1");
        (uint64 gtin, uint32 seq, IPackageToken.State state, bool hold, uint40 expires, uint40 updated,) =
            token.packageOf(born);
        vm.assertEq(gtin, GTIN);
        vm.assertEq(seq, 1);
        vm.assertEq(uint8(state), 1);
        vm.assertFalse(hold);
        vm.assertEq(expires, 1800000000);
        vm.assertEq(updated, 1795241520);
    }

    function test_package_without_serial_lives_as_one_with() external {
        id = _unserialised(DEVICE, FARM);
        vm.assertEq(id, uint256(keccak256(abi.encode("AGRO/2", FARM, UUID))));
        _received();
        vm.assertEq(token.ownerOf(id), CENTRE);
    }

    function test_uuid_is_told() external {
        vm.expectEmit(address(token));
        emit IPackageToken.RegisteredUnserialised(
            token.tokenIdUnserialised(FARM, UUID), GTIN, keccak256("invoice"), UUID, 0
        );
        _unserialised(FARM, FARM);
    }

    function test_same_uuid_twice_reverts() external {
        _unserialised(FARM, FARM);
        vm.expectRevert(abi.encodeWithSignature("ERC721InvalidSender(address)", address(0)));
        _unserialised(FARM, FARM);
    }

    function test_only_the_farm_uses_its_uuids() external {
        vm.expectRevert(_notParty(FARM, MAKER));
        _unserialised(MAKER, FARM);
        vm.expectRevert(_noRole(STRANGER, "FARM"));
        _unserialised(STRANGER, STRANGER);
    }

    function test_empty_uuid_is_refused() external {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.NoSerial.selector));
        vm.prank(FARM);
        token.registerUnserialised(FARM, GTIN, 0, 0, 0, DATA);
    }

    function _unserialised(address by, address farm) private returns (uint256) {
        vm.prank(by);
        return token.registerUnserialised(farm, GTIN, UUID, 0, keccak256("invoice"), DATA);
    }
}

contract RouteTest is Fixture {
    function test_sealed_travels_out_and_back() external {
        uint256 which = _register(MAKER, MAKER, "OUT");
        address[7] memory stops = [MAKER, DEALER, STORE, FARM, STORE, DEALER, MAKER];
        for (uint256 i = 1; i < stops.length; ++i) {
            _offer(stops[i - 1], which, stops[i]);
            _accept(stops[i], which);
            vm.assertEq(token.ownerOf(which), stops[i]);
        }
    }

    /// @dev Every pair of parties with every state a package can be offered in.
    function test_no_other_route_exists() external {
        address[6] memory parties = [MAKER, DEALER, STORE, FARM, CENTRE, REGULATOR];
        for (uint256 to; to < parties.length; ++to) {
            if (parties[to] != STORE) _expectNoOffer(FARM, parties[to]); // sealed
        }
        _advance(102);
        for (uint256 to; to < parties.length; ++to) {
            _expectNoOffer(FARM, parties[to]); // in use: nowhere
        }
        _advance(103);
        for (uint256 to; to < parties.length; ++to) {
            if (parties[to] != CENTRE) _expectNoOffer(FARM, parties[to]); // empty
        }
        _advance(104);
        for (uint256 to; to < parties.length; ++to) {
            if (parties[to] != CENTRE) _expectNoOffer(FARM, parties[to]); // prepared
        }
        _offer(FARM, id, CENTRE);
        _accept(CENTRE, id);
        for (uint256 to; to < parties.length; ++to) {
            if (parties[to] != MAKER) _expectNoOffer(CENTRE, parties[to]); // received
        }
    }

    function test_farm_that_is_also_a_centre_cannot_skip_the_return() external {
        _grant("DISPOSAL", FARM);
        _advance(102);
        _expectNoOffer(FARM, MAKER);
        _advance(103);
        _expectNoOffer(FARM, MAKER);
    }

    function test_whole_life_ends_at_the_factory() external {
        _received();
        _expectState(IPackageToken.State.Received);
        _offer(CENTRE, id, MAKER);
        _expectState(IPackageToken.State.Received);
        _accept(MAKER, id);
        _destroy(MAKER);
        _expectState(IPackageToken.State.Destroyed);
        vm.assertEq(token.ownerOf(id), MAKER);
    }

    function test_unwashed_package_returns_too() external {
        _emptied();
        _offer(DEVICE, id, CENTRE);
        _accept(CENTRE, id);
        _expectState(IPackageToken.State.Received);
    }

    function test_offer_is_told_and_closed() external {
        vm.expectEmit(address(token));
        emit IPackageToken.Offered(id, FARM, STORE);
        _offer(DEVICE, id, STORE);
        (address to, IPackageToken.State before) = token.offerOf(id);
        vm.assertEq(to, STORE);
        vm.assertEq(uint8(before), 1);
        _accept(STORE, id);
        (to, before) = token.offerOf(id);
        vm.assertEq(to, address(0));
        vm.assertEq(uint8(before), 0);
    }

    function test_second_offer_needs_the_first_withdrawn() external {
        _offer(DEVICE, id, STORE);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.OfferOpen.selector, id, STORE));
        vm.prank(DEVICE);
        token.offer(id, 3, STORE, DATA);
        _withdraw(DEVICE);
        _offer(DEVICE, id, STORE);
    }

    function test_accept_and_withdraw_need_an_offer() external {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.NoOffer.selector, id));
        vm.prank(STORE);
        token.accept(id, 2, DATA);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.NoOffer.selector, id));
        vm.prank(FARM);
        token.withdrawOffer(id, 2, DATA);
    }

    function _expectNoOffer(address from, address to) private {
        uint32 seq = _next(id);
        vm.expectRevert(_noRoute(from, to));
        vm.prank(from);
        token.offer(id, seq, to, DATA);
    }
}

contract RightsTest is Fixture {
    function test_stranger_does_nothing_with_a_package() external {
        vm.expectRevert(_notApproved(STRANGER));
        vm.prank(STRANGER);
        token.record(id, 2, 1000, DATA);
        vm.expectRevert(_notApproved(STRANGER));
        vm.prank(STRANGER);
        token.advance(id, 2, 102, DATA);
        vm.expectRevert(_notApproved(STRANGER));
        vm.prank(STRANGER);
        token.offer(id, 2, STORE, DATA);
    }

    function test_stranger_neither_accepts_nor_withdraws() external {
        _offer(DEVICE, id, STORE);
        vm.expectRevert(_notParty(STORE, STRANGER));
        vm.prank(STRANGER);
        token.accept(id, 3, DATA);
        vm.expectRevert(_notApproved(STRANGER));
        vm.prank(STRANGER);
        token.withdrawOffer(id, 3, DATA);
    }

    function test_the_centre_confirms_the_return_never_the_farm() external {
        _emptied();
        _offer(DEVICE, id, CENTRE);
        vm.expectRevert(_notParty(CENTRE, FARM));
        vm.prank(FARM);
        token.accept(id, 5, DATA);
    }

    function test_operator_of_the_offered_party_accepts() external {
        _offer(DEVICE, id, STORE);
        vm.prank(STORE);
        token.setApprovalForAll(STRANGER, true);
        _accept(STRANGER, id);
        vm.assertEq(token.ownerOf(id), STORE);
    }

    function test_revoked_device_is_out() external {
        vm.prank(FARM);
        token.setApprovalForAll(DEVICE, false);
        vm.expectRevert(_notApproved(DEVICE));
        vm.prank(DEVICE);
        token.record(id, 2, 1000, DATA);
    }

    function test_holder_that_is_no_farm_does_not_advance() external {
        _offer(DEVICE, id, STORE);
        _accept(STORE, id);
        vm.expectRevert(_noRole(STORE, "FARM"));
        vm.prank(STORE);
        token.advance(id, 4, 102, DATA);
    }

    function test_farm_does_not_destroy() external {
        vm.expectRevert(_noRole(FARM, "FACTORY"));
        vm.prank(FARM);
        token.destroy(id, 2, DATA);
    }

    function test_destroy_needs_a_received_package() external {
        uint256 sealedOne = _register(MAKER, MAKER, "NEW");
        vm.expectRevert(
            abi.encodeWithSelector(IPackageToken.WrongState.selector, sealedOne, IPackageToken.State.Sealed)
        );
        vm.prank(MAKER);
        token.destroy(sealedOne, 2, DATA);
    }

    function test_offered_package_is_not_destroyed() external {
        _received();
        _offer(CENTRE, id, MAKER);
        uint32 seq = _next(id);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.OfferOpen.selector, id, MAKER));
        vm.prank(CENTRE);
        token.destroy(id, seq, DATA);
    }

    function test_only_the_regulator_holds() external {
        vm.expectRevert(_noRole(FARM, "REGULATOR"));
        vm.prank(FARM);
        token.setHold(id, 2, true, DATA);
    }

    function test_hold_that_changes_nothing_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.HoldUnchanged.selector, id, false));
        vm.prank(REGULATOR);
        token.setHold(id, 2, false, DATA);
    }

    function test_admin_changes_in_two_steps_and_a_delay() external {
        vm.warp(1000);
        vm.prank(ADMIN);
        token.beginDefaultAdminTransfer(STRANGER);
        vm.expectRevert(
            abi.encodeWithSignature("AccessControlEnforcedDefaultAdminDelay(uint48)", uint48(1000 + 1 days))
        );
        vm.prank(STRANGER);
        token.acceptDefaultAdminTransfer();
        vm.warp(1001 + 1 days);
        vm.prank(STRANGER);
        token.acceptDefaultAdminTransfer();
        vm.assertEq(token.defaultAdmin(), STRANGER);
    }
}

contract SeqTest is Fixture {
    /// @dev A second sending of each write is told as WrongSeq, whatever the first one changed.
    function test_every_write_sent_twice_is_told_as_wrong_seq() external {
        _twice(DEVICE, abi.encodeCall(token.record, (id, 2, 1000, DATA)), 3);
        _twice(DEVICE, abi.encodeCall(token.offer, (id, 3, STORE, DATA)), 4);
        _twice(DEVICE, abi.encodeCall(token.withdrawOffer, (id, 4, DATA)), 5);
        _twice(DEVICE, abi.encodeCall(token.advance, (id, 5, 102, DATA)), 6);
        _twice(REGULATOR, abi.encodeCall(token.setHold, (id, 6, true, DATA)), 7);
        _twice(REGULATOR, abi.encodeCall(token.setHold, (id, 7, false, DATA)), 8);
        _twice(DEVICE, abi.encodeCall(token.advance, (id, 8, 103, DATA)), 9);
        _twice(DEVICE, abi.encodeCall(token.offer, (id, 9, CENTRE, DATA)), 10);
        _twice(CENTRE, abi.encodeCall(token.accept, (id, 10, DATA)), 11);
        _twice(CENTRE, abi.encodeCall(token.destroy, (id, 11, DATA)), 12);
    }

    function testFuzz_only_the_next_seq_is_taken(uint32 seq) external {
        vm.assume(seq != 2);
        vm.expectRevert(_wrongSeq(2));
        vm.prank(DEVICE);
        token.record(id, seq, 1000, DATA);
    }

    function test_nothing_follows_destruction() external {
        _received();
        _destroy(CENTRE);
        uint32 seq = _next(id);
        vm.expectRevert(_wrongState(IPackageToken.State.Destroyed));
        vm.prank(CENTRE);
        token.record(id, seq, 1000, DATA);
        vm.expectRevert(_wrongState(IPackageToken.State.Destroyed));
        vm.prank(REGULATOR);
        token.setHold(id, seq, true, DATA);
    }

    function test_unknown_package_is_told_as_unknown() external {
        bytes memory unknown = abi.encodeWithSignature("ERC721NonexistentToken(uint256)", 404);
        vm.expectRevert(unknown);
        token.packageOf(404);
        vm.expectRevert(unknown);
        vm.prank(DEVICE);
        token.record(404, 1, 1000, DATA);
    }

    function testFuzz_sensor_kinds_start_at_1000(uint16 kind) external {
        vm.assume(kind < 1000);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongKind.selector, kind));
        vm.prank(DEVICE);
        token.record(id, 2, kind, DATA);
    }

    function testFuzz_advance_knows_four_kinds(uint16 kind) external {
        vm.assume(kind != 102 && kind != 103 && kind != 104 && kind != 114);
        vm.expectRevert(abi.encodeWithSelector(IPackageToken.WrongKind.selector, kind));
        vm.prank(DEVICE);
        token.advance(id, 2, kind, DATA);
    }

    function _twice(address by, bytes memory call, uint32 expected) private {
        vm.prank(by);
        (bool done,) = address(token).call(call);
        vm.assertTrue(done);
        vm.prank(by);
        bytes memory answer;
        (done, answer) = address(token).call(call);
        vm.assertFalse(done);
        vm.assertEq(answer, _wrongSeq(expected));
    }

    function _wrongSeq(uint32 expected) private view returns (bytes memory) {
        return abi.encodeWithSelector(IPackageToken.WrongSeq.selector, id, expected);
    }
}

/// @dev Expected values were worked out outside Solidity.
contract VectorsTest is Fixture {
    uint256 private constant ID = 0x1150560442cb093ff6f848884d8a0b75661fcdb78a62553051751a4509179586;
    bytes32 private constant ONES = 0x1111111111111111111111111111111111111111111111111111111111111111;
    bytes32 private constant TWOS = 0x2222222222222222222222222222222222222222222222222222222222222222;

    function test_token_id() external view {
        vm.assertEq(token.tokenId(7891234567895, "SN00000000"), ID);
    }

    function test_heads() external {
        vm.prank(DEVICE);
        token.register(FARM, GTIN, "SN00000000", 0, 0, ONES);
        vm.assertEq(_head(ID), bytes32(0x5b75a3ecaff6db552b0b1ba7b908ba883220f91fb129d3d5190a59b240c81861));
        vm.prank(DEVICE);
        token.record(ID, 2, 1000, TWOS);
        vm.assertEq(_head(ID), bytes32(0x8f757142b8047773d14397a0dbeda8a4e6135ceb5f651304f48be4f79980e57f));
    }

    function test_record_topic_and_fields() external {
        vm.recordLogs();
        vm.prank(DEVICE);
        token.record(id, 2, 1000, TWOS);
        Vm.Log memory log = vm.getRecordedLogs()[0];
        vm.assertEq(log.topics[0], bytes32(0x56a5d820f6de1c19df6f3a8eecf4cc34f6563cb3ed25dad6741a30a2956da1cf));
        vm.assertEq(log.topics[1], bytes32(id));
        vm.assertEq(log.topics[2], bytes32(uint256(2)));
        vm.assertEq(log.topics[3], bytes32(uint256(1000)));
        vm.assertEq(log.data, abi.encode(uint8(1), DEVICE, TWOS, _head(id)));
    }

    function test_selectors() external view {
        vm.assertEq(bytes32(token.packageOf.selector), bytes32(bytes4(0x5a134e49)));
        vm.assertEq(bytes32(IPackageToken.WrongSeq.selector), bytes32(bytes4(0x495b17ea)));
        vm.assertEq(bytes32(IPackageToken.NoRoute.selector), bytes32(bytes4(0x81fff07f)));
    }

    /// @dev Records without holes, replayed, end in the head that the contract keeps.
    function testFuzz_replayed_records_end_in_the_head(bytes32[] calldata hashes) external {
        bytes32 head = _head(id);
        for (uint32 i; i < hashes.length; ++i) {
            vm.prank(DEVICE);
            token.record(id, i + 2, 1000, hashes[i]);
            head = keccak256(abi.encode(head, id, uint32(i + 2), uint16(1000), hashes[i]));
        }
        vm.assertEq(_head(id), head);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPackageToken} from "../src/IPackageToken.sol";
import {PackageToken} from "../src/PackageToken.sol";
import {vm} from "./Vm.sol";

/// @dev One party per role, the farm with a device as operator, and one registered package.
abstract contract Fixture {
    address internal constant ADMIN = address(0xAD);
    address internal constant MAKER = address(0xFAC);
    address internal constant DEALER = address(0xDEA1);
    address internal constant STORE = address(0x5708E);
    address internal constant FARM = address(0xFA83);
    address internal constant DEVICE = address(0xDE1CE);
    address internal constant CENTRE = address(0xCE27E);
    address internal constant REGULATOR = address(0x8E9);
    address internal constant STRANGER = address(0x57A);
    uint64 internal constant GTIN = 7891234567895;
    bytes32 internal constant DATA = bytes32(uint256(0xDA7A));
    PackageToken internal token;
    uint256 internal id; // held by the farm, sealed, seq 1

    function setUp() public {
        token = new PackageToken(1 days, ADMIN);
        _grant("FACTORY", MAKER);
        _grant("DEALER", DEALER);
        _grant("STORE", STORE);
        _grant("FARM", FARM);
        _grant("DISPOSAL", CENTRE);
        _grant("REGULATOR", REGULATOR);
        vm.prank(FARM);
        token.setApprovalForAll(DEVICE, true);
        id = _register(DEVICE, FARM, "SN00000001");
    }

    function _grant(string memory role, address party) internal {
        vm.prank(ADMIN);
        token.grantRole(keccak256(bytes(role)), party);
    }

    function _revoke(string memory role, address party) internal {
        vm.prank(ADMIN);
        token.revokeRole(keccak256(bytes(role)), party);
    }

    function _register(address by, address to, string memory serial) internal returns (uint256) {
        vm.prank(by);
        return token.register(to, GTIN, serial, 1800000000, keccak256("invoice"), DATA);
    }

    function _advance(uint16 kind) internal {
        uint32 seq = _next(id);
        vm.prank(DEVICE);
        token.advance(id, seq, kind, DATA);
    }

    function _offer(address by, uint256 which, address to) internal {
        uint32 seq = _next(which);
        vm.prank(by);
        token.offer(which, seq, to, DATA);
    }

    function _accept(address by, uint256 which) internal {
        uint32 seq = _next(which);
        vm.prank(by);
        token.accept(which, seq, DATA);
    }

    function _withdraw(address by) internal {
        uint32 seq = _next(id);
        vm.prank(by);
        token.withdrawOffer(id, seq, DATA);
    }

    function _destroy(address by) internal {
        uint32 seq = _next(id);
        vm.prank(by);
        token.destroy(id, seq, DATA);
    }

    function _hold(bool hold) internal {
        uint32 seq = _next(id);
        vm.prank(REGULATOR);
        token.setHold(id, seq, hold, DATA);
    }

    function _emptied() internal {
        _advance(102);
        _advance(103);
    }

    function _received() internal {
        _emptied();
        _advance(104);
        _offer(DEVICE, id, CENTRE);
        _accept(CENTRE, id);
    }

    function _next(uint256 which) internal view returns (uint32) {
        (, uint32 seq,,,,,) = token.packageOf(which);
        return seq + 1;
    }

    function _head(uint256 which) internal view returns (bytes32 head) {
        (,,,,,, head) = token.packageOf(which);
    }

    function _expectState(IPackageToken.State wanted) internal view {
        (,, IPackageToken.State state,,,,) = token.packageOf(id);
        vm.assertEq(uint8(state), uint8(wanted));
    }

    // Errors, one helper each, so that a test reads as one line.

    function _noRoute(address from, address to) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IPackageToken.NoRoute.selector, from, to);
    }

    function _wrongState(IPackageToken.State state) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IPackageToken.WrongState.selector, id, state);
    }

    function _notParty(address party, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IPackageToken.NotParty.selector, party, caller);
    }

    function _noRole(address party, string memory role) internal pure returns (bytes memory) {
        return abi.encodeWithSignature(
            "AccessControlUnauthorizedAccount(address,bytes32)", party, keccak256(bytes(role))
        );
    }

    function _notApproved(address caller) internal view returns (bytes memory) {
        return abi.encodeWithSignature("ERC721InsufficientApproval(address,uint256)", caller, id);
    }
}

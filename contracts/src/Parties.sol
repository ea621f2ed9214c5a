// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IPackageToken} from "./IPackageToken.sol";

/// @title Who takes part, and between whom a package travels
/// @dev The admin is the consortium's multisig; its replacement takes two steps and a delay.
abstract contract Parties is AccessControlDefaultAdminRules {
    bytes32 public constant FACTORY = keccak256("FACTORY");
    bytes32 public constant DEALER = keccak256("DEALER");
    bytes32 public constant STORE = keccak256("STORE");
    bytes32 public constant FARM = keccak256("FARM");
    bytes32 public constant DISPOSAL = keccak256("DISPOSAL");
    bytes32 public constant REGULATOR = keccak256("REGULATOR");

    /// @dev Whether a package that is in `state` may go from `from` to `to`.
    function _onRoute(IPackageToken.State state, address from, address to) internal view returns (bool) {
        if (state == IPackageToken.State.Sealed) {
            // The farm's own leg first: it is the one travelled most, and each look costs gas.
            return _between(STORE, FARM, from, to) || _between(DEALER, STORE, from, to)
                || _between(FACTORY, DEALER, from, to);
        }
        if (state == IPackageToken.State.Empty || state == IPackageToken.State.Prepared) {
            return hasRole(FARM, from) && hasRole(DISPOSAL, to);
        }
        return state == IPackageToken.State.Received && hasRole(DISPOSAL, from) && hasRole(FACTORY, to);
    }

    /// @dev Both directions: sealed goods come back when they are defective.
    function _between(bytes32 upper, bytes32 lower, address from, address to) private view returns (bool) {
        return (hasRole(upper, from) && hasRole(lower, to)) || (hasRole(lower, from) && hasRole(upper, to));
    }
}

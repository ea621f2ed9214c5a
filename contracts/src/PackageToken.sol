// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC5192} from "./IERC5192.sol";
import {IPackageToken} from "./IPackageToken.sol";
import {Parties} from "./Parties.sol";

/// @title One token per agrochemical package: see IPackageToken
contract PackageToken is ERC721, Parties, IERC5192, IPackageToken {
    uint16 private constant BIRTH = 1;
    uint16 private constant IN_USE = 102;
    uint16 private constant EMPTY = 103;
    uint16 private constant RINSED = 104;
    uint16 private constant DESTROYED = 107;
    uint16 private constant BAGGED = 114;
    uint16 private constant OFFER = 200;
    uint16 private constant ACCEPT = 201;
    uint16 private constant WITHDRAW = 202;
    uint16 private constant HOLD_ON = 300;
    uint16 private constant HOLD_OFF = 301;
    uint16 private constant FIRST_SENSOR_KIND = 1000;

    /// @dev Two slots: all but the head share the first, which every write touches anyway.
    struct Package {
        uint64 gtin;
        uint32 seq;
        State state;
        State before; // state it was offered in; None when no offer is open
        bool hold;
        uint40 expires;
        uint40 updated;
        bytes32 head;
    }

    struct Log {
        uint32 number;
        uint64 size;
        bytes32 head;
    }

    mapping(uint256 id => Package) private _packages;
    mapping(uint256 id => address) private _offers;
    mapping(bytes32 logId => Log) private _logs;

    constructor(uint48 adminDelay, address admin)
        ERC721("Agrochemical Package", "AGRO")
        AccessControlDefaultAdminRules(adminDelay, admin)
    {}

    /// @inheritdoc IPackageToken
    function register(
        address to,
        uint64 gtin,
        string calldata serial,
        uint40 expires,
        bytes32 invoiceHash,
        bytes32 dataHash
    ) external returns (uint256 id) {
        if (!hasRole(FACTORY, _msgSender()) && !hasRole(REGULATOR, _msgSender())) {
            _checkFarm(to);
        }
        if (bytes(serial).length == 0) {
            revert NoSerial();
        }
        id = tokenId(gtin, serial);
        _create(id, to, gtin, expires);
        emit Registered(id, gtin, invoiceHash, serial, expires);
        _write(id, _packages[id], BIRTH, dataHash);
    }

    /// @inheritdoc IPackageToken
    function registerUnserialised(
        address farm,
        uint64 gtin,
        bytes16 uuid,
        uint40 expires,
        bytes32 invoiceHash,
        bytes32 dataHash
    ) external returns (uint256 id) {
        _checkFarm(farm);
        if (uuid == 0) {
            revert NoSerial();
        }
        id = tokenIdUnserialised(farm, uuid);
        _create(id, farm, gtin, expires);
        emit RegisteredUnserialised(id, gtin, invoiceHash, uuid, expires);
        _write(id, _packages[id], BIRTH, dataHash);
    }

    /// @inheritdoc IPackageToken
    function record(uint256 id, uint32 seq, uint16 kind, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkAuthorized(holder, _msgSender(), id);
        if (kind < FIRST_SENSOR_KIND) {
            revert WrongKind(kind);
        }
        _write(id, stored, kind, dataHash);
    }

    /// @inheritdoc IPackageToken
    function advance(uint256 id, uint32 seq, uint16 kind, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkAuthorized(holder, _msgSender(), id);
        _checkRole(FARM, holder);
        _checkFree(id, stored);
        _checkNoOffer(id, stored);
        State reached = _stateOf(kind);
        if (uint8(reached) != uint8(stored.state) + 1) {
            revert WrongState(id, stored.state);
        }
        stored.state = reached;
        _write(id, stored, kind, dataHash);
    }

    /// @inheritdoc IPackageToken
    function offer(uint256 id, uint32 seq, address to, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkAuthorized(holder, _msgSender(), id);
        _checkFree(id, stored);
        _checkNoOffer(id, stored);
        State before = stored.state;
        _checkRoute(before, holder, to);
        stored.before = before;
        if (_leavesFarm(before)) {
            stored.state = State.Returned;
        }
        _offers[id] = to;
        emit Offered(id, holder, to);
        _write(id, stored, OFFER, dataHash);
    }

    /// @inheritdoc IPackageToken
    function accept(uint256 id, uint32 seq, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkFree(id, stored);
        State before = _checkOffer(id, stored);
        address to = _offers[id];
        _checkParty(to);
        _checkRoute(before, holder, to);
        if (_leavesFarm(before)) {
            stored.state = State.Received;
        }
        _closeOffer(id, stored);
        // Not _safeTransfer: the new holder just agreed by its own call.
        _transfer(holder, to, id);
        _write(id, stored, ACCEPT, dataHash);
    }

    /// @inheritdoc IPackageToken
    function withdrawOffer(uint256 id, uint32 seq, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkAuthorized(holder, _msgSender(), id);
        _checkFree(id, stored);
        stored.state = _checkOffer(id, stored);
        _closeOffer(id, stored);
        _write(id, stored, WITHDRAW, dataHash);
    }

    /// @inheritdoc IPackageToken
    function destroy(uint256 id, uint32 seq, bytes32 dataHash) external {
        (address holder, Package storage stored) = _next(id, seq);
        _checkAuthorized(holder, _msgSender(), id);
        if (!hasRole(DISPOSAL, holder)) {
            _checkRole(FACTORY, holder);
        }
        _checkFree(id, stored);
        _checkNoOffer(id, stored);
        if (stored.state != State.Received) {
            revert WrongState(id, stored.state);
        }
        stored.state = State.Destroyed;
        _write(id, stored, DESTROYED, dataHash);
    }

    /// @inheritdoc IPackageToken
    function setHold(uint256 id, uint32 seq, bool hold, bytes32 dataHash) external onlyRole(REGULATOR) {
        (, Package storage stored) = _next(id, seq);
        if (stored.hold == hold) {
            revert HoldUnchanged(id, hold);
        }
        stored.hold = hold;
        _write(id, stored, hold ? HOLD_ON : HOLD_OFF, dataHash);
    }

    /// @inheritdoc IPackageToken
    function anchor(address farm, string calldata log, uint32 number, bytes32 root, uint64 size) external {
        _checkParty(farm);
        bytes32 logId = logIdOf(farm, log);
        Log storage stored = _logs[logId];
        uint32 expected = stored.number + 1;
        if (number != expected) {
            revert WrongNumber(logId, expected);
        }
        if (size <= stored.size) {
            revert WrongSize(logId, stored.size);
        }
        bytes32 head = keccak256(abi.encode(stored.head, number, root, size));
        stored.number = number;
        stored.size = size;
        stored.head = head;
        emit Batch(logId, number, _msgSender(), root, size, head);
    }

    /// @inheritdoc IPackageToken
    function packageOf(uint256 id)
        external
        view
        returns (uint64 gtin, uint32 seq, State state, bool hold, uint40 expires, uint40 updated, bytes32 head)
    {
        _requireOwned(id);
        Package storage stored = _packages[id];
        return (stored.gtin, stored.seq, stored.state, stored.hold, stored.expires, stored.updated, stored.head);
    }

    /// @inheritdoc IPackageToken
    function offerOf(uint256 id) external view returns (address to, State before) {
        return (_offers[id], _packages[id].before);
    }

    /// @inheritdoc IPackageToken
    function anchorOf(bytes32 logId) external view returns (uint32 number, uint64 size, bytes32 head) {
        Log storage stored = _logs[logId];
        return (stored.number, stored.size, stored.head);
    }

    /// @inheritdoc IERC5192
    function locked(uint256 id) external view returns (bool) {
        _requireOwned(id);
        return true;
    }

    /// @inheritdoc IPackageToken
    function tokenId(uint64 gtin, string calldata serial) public pure returns (uint256) {
        return uint256(keccak256(abi.encode("AGRO/1", gtin, serial)));
    }

    /// @inheritdoc IPackageToken
    function tokenIdUnserialised(address farm, bytes16 uuid) public pure returns (uint256) {
        return uint256(keccak256(abi.encode("AGRO/2", farm, uuid)));
    }

    /// @inheritdoc IPackageToken
    function logIdOf(address farm, string calldata log) public pure returns (bytes32) {
        return keccak256(abi.encode(farm, log));
    }

    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, AccessControlDefaultAdminRules)
        returns (bool)
    {
        return interfaceId == type(IERC5192).interfaceId || interfaceId == type(IPackageToken).interfaceId
            || super.supportsInterface(interfaceId);
    }

    /// @dev ERC721.transferFrom passes the caller as `auth`, accept passes nobody: only accept
    /// moves.  An operator of the offered party could otherwise skip its consent.
    function _update(address to, uint256 id, address auth) internal virtual override returns (address from) {
        if (auth != address(0) && _ownerOf(id) != address(0)) {
            revert TokenLocked(id);
        }
        return super._update(to, id, auth);
    }

    /// @dev The mint comes first: it refuses an id that exists before its package is touched.
    function _create(uint256 id, address to, uint64 gtin, uint40 expires) private {
        _mint(to, id);
        Package storage stored = _packages[id];
        stored.gtin = gtin;
        stored.state = State.Sealed;
        stored.expires = expires;
        emit Locked(id);
    }

    /// @dev `_next` checked that this is the write the caller means.
    function _write(uint256 id, Package storage stored, uint16 kind, bytes32 dataHash) private {
        uint32 seq = stored.seq + 1;
        bytes32 head = keccak256(abi.encode(stored.head, id, seq, kind, dataHash));
        stored.seq = seq;
        stored.updated = uint40(block.timestamp);
        stored.head = head;
        emit Record(id, seq, kind, stored.state, _msgSender(), dataHash, head);
    }

    function _closeOffer(uint256 id, Package storage stored) private {
        stored.before = State.None;
        delete _offers[id];
    }

    function _next(uint256 id, uint32 seq) private view returns (address holder, Package storage stored) {
        holder = _requireOwned(id);
        stored = _packages[id];
        if (seq != stored.seq + 1) {
            revert WrongSeq(id, stored.seq + 1);
        }
        if (stored.state == State.Destroyed) {
            revert WrongState(id, State.Destroyed);
        }
    }

    function _checkFree(uint256 id, Package storage stored) private view {
        if (stored.hold) {
            revert OnHold(id);
        }
    }

    function _checkNoOffer(uint256 id, Package storage stored) private view {
        if (stored.before != State.None) {
            revert OfferOpen(id, _offers[id]);
        }
    }

    function _checkOffer(uint256 id, Package storage stored) private view returns (State before) {
        before = stored.before;
        if (before == State.None) {
            revert NoOffer(id);
        }
    }

    function _checkRoute(State state, address from, address to) private view {
        if (!_onRoute(state, from, to)) {
            revert NoRoute(from, to);
        }
    }

    function _checkParty(address party) private view {
        if (_msgSender() != party && !isApprovedForAll(party, _msgSender())) {
            revert NotParty(party, _msgSender());
        }
    }

    function _checkFarm(address farm) private view {
        _checkParty(farm);
        _checkRole(FARM, farm);
    }

    function _leavesFarm(State before) private pure returns (bool) {
        return before == State.Empty || before == State.Prepared;
    }

    /// @dev The state that an advance of `kind` leads to.
    function _stateOf(uint16 kind) private pure returns (State) {
        if (kind == IN_USE) return State.InUse;
        if (kind == EMPTY) return State.Empty;
        if (kind == RINSED || kind == BAGGED) return State.Prepared;
        revert WrongKind(kind);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title One token per agrochemical package, from the factory to its destruction
/// @notice The same contract stands on the private and on the public chain; a package has
/// the same id on both.
/// @dev Every write carries `seq`, the number of the last write plus one: after a crash the
/// sender may send twice, and the second call reverts.  `seq` is checked before anything that
/// a first call changes, so a repeat is always told as WrongSeq.
///
/// Each write is one Record and extends the hash chain of its package:
///
///     head' = keccak256(abi.encode(head, id, seq, kind, dataHash)), the first head is zero
///
/// Records without holes whose replay ends in `packageOf(id).head` are the complete history,
/// whoever delivered them.
///
/// | kind      | written by            | meaning                                  |
/// |-----------|-----------------------|------------------------------------------|
/// | 1         | register              | birth                                    |
/// | 102       | advance               | in use                                   |
/// | 103       | advance               | empty                                    |
/// | 104, 114  | advance               | prepared: rinsed and pierced, or bagged  |
/// | 107       | destroy               | destroyed                                |
/// | 200 - 202 | offer, accept, withdrawOffer | a change of holder                |
/// | 300, 301  | setHold               | hold on, hold off                        |
/// | >= 1000   | record                | what a sensor saw                        |
///
/// "The holder" below includes its operators (ERC-721 setApprovalForAll).
interface IPackageToken {
    enum State {
        None,
        Sealed,
        InUse,
        Empty,
        Prepared, // rinsed and pierced, or bagged
        Returned, // offered to the collection centre
        Received, // accepted by the centre
        Destroyed
    }

    /// @notice A package with a serial number on its label came into being.
    event Registered(
        uint256 indexed id, uint64 indexed gtin, bytes32 indexed invoiceHash, string serial, uint40 expires
    );

    /// @notice A package without a serial number was given an id by the farm that holds it.
    event RegisteredUnserialised(
        uint256 indexed id, uint64 indexed gtin, bytes32 indexed invoiceHash, bytes16 uuid, uint40 expires
    );

    /// @notice Write number `seq` on `id`; `state` and `head` are those after it.
    event Record(
        uint256 indexed id,
        uint32 indexed seq,
        uint16 indexed kind,
        State state,
        address actor,
        bytes32 dataHash,
        bytes32 head
    );

    /// @notice `from` offered `id` to `to`; nothing moves before `to` accepts.
    event Offered(uint256 indexed id, address indexed from, address indexed to);

    /// @notice Checkpoint `number` of a farm's event log: `size` events under `root`.
    event Batch(
        bytes32 indexed logId, uint32 indexed number, address indexed actor, bytes32 root, uint64 size, bytes32 head
    );

    /// @notice The next write on `id` is number `expected`.
    error WrongSeq(uint256 id, uint32 expected);

    /// @notice A package in its state does not travel from `from` to `to`.
    error NoRoute(address from, address to);

    /// @notice `id` is in `state`, which does not allow this.
    error WrongState(uint256 id, State state);

    /// @notice `kind` does not belong to this function.
    error WrongKind(uint16 kind);

    /// @notice `id` is on hold.
    error OnHold(uint256 id);

    /// @notice `id` has the hold that was asked for.
    error HoldUnchanged(uint256 id, bool hold);

    /// @notice `id` is offered to `to`; accept or withdraw first.
    error OfferOpen(uint256 id, address to);

    /// @notice `id` is not offered to anybody.
    error NoOffer(uint256 id);

    /// @notice `caller` is neither `party` nor its operator.
    error NotParty(address party, address caller);

    /// @notice `id` moves by offer and accept only.
    error TokenLocked(uint256 id);

    /// @notice A package needs a serial number, or a UUID, that is not empty.
    error NoSerial();

    /// @notice The next checkpoint of `logId` is number `expected`.
    error WrongNumber(bytes32 logId, uint32 expected);

    /// @notice A log only grows: `logId` already held `lastSize` events.
    error WrongSize(bytes32 logId, uint64 lastSize);

    /// @notice Bring a package with a serial number into being, held by `to`.
    /// @dev Caller: a FACTORY, the REGULATOR gateway, or the FARM `to` itself for stock that
    /// nobody registered.  A second call reverts with ERC721InvalidSender.
    /// @param gtin the number on the label as a number: EAN-13 and zero-led GTIN-14 agree
    /// @param expires seconds since 1970, 0 when the label does not tell
    /// @param invoiceHash salted hash of the invoice key
    /// @param dataHash SHA-256 of the canonical birth document
    /// @return id keccak256(abi.encode("AGRO/1", gtin, serial))
    function register(
        address to,
        uint64 gtin,
        string calldata serial,
        uint40 expires,
        bytes32 invoiceHash,
        bytes32 dataHash
    ) external returns (uint256 id);

    /// @notice Bring a package without a serial number into being, held by `farm`.
    /// @dev Caller: the FARM itself, which drew `uuid`; nobody else can occupy its ids.
    /// @return id keccak256(abi.encode("AGRO/2", farm, uuid))
    function registerUnserialised(
        address farm,
        uint64 gtin,
        bytes16 uuid,
        uint40 expires,
        bytes32 invoiceHash,
        bytes32 dataHash
    ) external returns (uint256 id);

    /// @notice Write down what a sensor saw, `kind` >= 1000.  Caller: the holder.
    function record(uint256 id, uint32 seq, uint16 kind, bytes32 dataHash) external;

    /// @notice Move the life of a package one state on: 102, 103, then 104 or 114.
    /// @dev Caller: the holder, a FARM.  Refused on hold and while an offer is open.
    function advance(uint256 id, uint32 seq, uint16 kind, bytes32 dataHash) external;

    /// @notice Offer a package to the next party of its route.  Caller: the holder.
    /// @dev Sealed: factory, dealer, store, farm, and back (defective goods).  Empty or
    /// Prepared: farm to disposal, and the package is Returned.  Received: disposal to factory.
    function offer(uint256 id, uint32 seq, address to, bytes32 dataHash) external;

    /// @notice Take over an offered package; what was Returned is Received.
    /// @dev Caller: the offered party.  The route is checked again: a role may be gone.
    function accept(uint256 id, uint32 seq, bytes32 dataHash) external;

    /// @notice Take an offer back; the package is again in the state it was offered in.
    /// @dev Caller: the holder.
    function withdrawOffer(uint256 id, uint32 seq, bytes32 dataHash) external;

    /// @notice Write down that a Received package was destroyed; no write follows.
    /// @dev Caller: the holder, a DISPOSAL or FACTORY.  The token stays, as a proof.
    function destroy(uint256 id, uint32 seq, bytes32 dataHash) external;

    /// @notice Stop a package, or free it: on hold only records are written.
    /// @dev Caller: a REGULATOR.
    function setHold(uint256 id, uint32 seq, bool hold, bytes32 dataHash) external;

    /// @notice Fix checkpoint `number` of a farm's event log.
    /// @dev Caller: `farm` or its operator, so the count outlives a device key.  No role is asked:
    /// a log belongs to the address that its id is made of.  The chain of a log is
    /// head' = keccak256(abi.encode(head, number, root, size)).
    /// @param log name of the log, as its checkpoints spell it
    /// @param number number of the last anchor of this log plus one
    /// @param root RFC 6962 tree head over the first `size` events
    function anchor(address farm, string calldata log, uint32 number, bytes32 root, uint64 size) external;

    /// @notice What is known of `id`; reverts when there is no such package.
    /// @param id token id
    /// @return gtin product code
    /// @return seq number of the last write
    /// @return state where in its life the package is
    /// @return hold whether the regulator stopped it
    /// @return expires seconds since 1970, 0 when unknown
    /// @return updated block time of the last write, seconds since 1970
    /// @return head end of the hash chain
    function packageOf(uint256 id)
        external
        view
        returns (uint64 gtin, uint32 seq, State state, bool hold, uint40 expires, uint40 updated, bytes32 head);

    /// @notice To whom `id` is offered, and the state it was offered in; zeros without an offer.
    function offerOf(uint256 id) external view returns (address to, State before);

    /// @notice The last checkpoint of a log; zeros when there is none.
    function anchorOf(bytes32 logId) external view returns (uint32 number, uint64 size, bytes32 head);

    /// @notice Id of the package with this product code and serial number.
    function tokenId(uint64 gtin, string calldata serial) external pure returns (uint256);

    /// @notice Id of the package that `farm` gave this UUID.
    function tokenIdUnserialised(address farm, bytes16 uuid) external pure returns (uint256);

    /// @notice Id of the log that `farm` calls `log`: keccak256(abi.encode(farm, log)).
    function logIdOf(address farm, string calldata log) external pure returns (bytes32);
}

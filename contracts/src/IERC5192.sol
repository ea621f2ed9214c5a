// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-5192: a token says whether it is locked to its holder
/// @dev Source: EIP-5192, "Specification".  Interface id 0xb45a3c0e.
interface IERC5192 {
    /// @notice `tokenId` can no longer be transferred.
    event Locked(uint256 tokenId);

    /// @notice `tokenId` can be transferred again.
    event Unlocked(uint256 tokenId);

    /// @notice Whether `tokenId` is locked; reverts when there is no such token.
    function locked(uint256 tokenId) external view returns (bool);
}

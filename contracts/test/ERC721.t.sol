// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {PackageToken} from "../src/PackageToken.sol";
import "./Receivers.sol";
import {vm} from "./Vm.sol";

/// @dev The real contract without its lock, to show that all below the lock is ERC-721.
contract UnlockedToken is PackageToken(1, msg.sender) {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }

    function burn(uint256 id) external {
        _burn(id);
    }

    function _update(address to, uint256 id, address auth) internal override returns (address) {
        return ERC721._update(to, id, auth);
    }
}

/// @dev Ana holds tokens 1 and 2, Bia none.
abstract contract Owned is IERC721Errors {
    address internal constant ANA = address(0xA11A);
    address internal constant BIA = address(0xB1A);
    address internal constant FRIEND = address(0xF1E);
    address internal constant OPERATOR = address(0x09E);
    address internal constant STRANGER = address(0x57A);
    uint256 internal constant UNKNOWN = 404;
    UnlockedToken internal token;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    function setUp() public {
        token = new UnlockedToken();
        token.mint(ANA, 1);
        token.mint(ANA, 2);
        vm.prank(ANA);
        token.approve(FRIEND, 1);
        vm.prank(ANA);
        token.setApprovalForAll(OPERATOR, true);
    }

    function _unknown(uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ERC721NonexistentToken.selector, id);
    }
}

contract ViewsTest is Owned {
    function test_balance_counts_the_tokens() external view {
        vm.assertEq(token.balanceOf(ANA), 2);
    }

    function test_balance_of_one_without_tokens_is_zero() external view {
        vm.assertEq(token.balanceOf(BIA), 0);
    }

    function test_balance_of_the_zero_address_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidOwner.selector, address(0)));
        token.balanceOf(address(0));
    }

    function test_owner_of_a_token() external view {
        vm.assertEq(token.ownerOf(1), ANA);
    }

    function test_owner_of_an_unknown_token_reverts() external {
        vm.expectRevert(_unknown(UNKNOWN));
        token.ownerOf(UNKNOWN);
    }

    function test_name_and_symbol() external view {
        vm.assertEq(token.name(), "Agrochemical Package");
        vm.assertEq(token.symbol(), "AGRO");
    }

    function test_token_uri_is_empty() external view {
        vm.assertEq(token.tokenURI(1), "");
    }

    function test_token_uri_of_an_unknown_token_reverts() external {
        vm.expectRevert(_unknown(UNKNOWN));
        token.tokenURI(UNKNOWN);
    }

    function test_interface_erc165() external view {
        vm.assertTrue(token.supportsInterface(0x01ffc9a7));
    }

    function test_interface_erc721() external view {
        vm.assertTrue(token.supportsInterface(0x80ac58cd));
    }

    function test_interface_metadata() external view {
        vm.assertTrue(token.supportsInterface(0x5b5e139f));
    }

    function test_interface_ffffffff_is_nobodys() external view {
        vm.assertFalse(token.supportsInterface(0xffffffff));
    }

    function test_interface_enumerable_is_not_claimed() external view {
        vm.assertFalse(token.supportsInterface(0x780e9d63));
    }
}

contract MintAndBurnTest is Owned {
    function test_mint_tells_a_transfer_from_zero() external {
        vm.expectEmit(address(token));
        emit Transfer(address(0), BIA, 3);
        token.mint(BIA, 3);
        vm.assertEq(token.ownerOf(3), BIA);
        vm.assertEq(token.balanceOf(BIA), 1);
    }

    function test_mint_to_the_zero_address_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidReceiver.selector, address(0)));
        token.mint(address(0), 3);
    }

    function test_mint_of_a_known_token_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidSender.selector, address(0)));
        token.mint(BIA, 1);
    }

    function test_burn_tells_a_transfer_to_zero() external {
        vm.expectEmit(address(token));
        emit Transfer(ANA, address(0), 1);
        token.burn(1);
        vm.assertEq(token.balanceOf(ANA), 1);
        vm.expectRevert(_unknown(1));
        token.ownerOf(1);
    }

    function test_burn_clears_the_approval() external {
        token.burn(1);
        vm.expectRevert(_unknown(1));
        token.getApproved(1);
    }

    function test_burn_of_an_unknown_token_reverts() external {
        vm.expectRevert(_unknown(UNKNOWN));
        token.burn(UNKNOWN);
    }
}

contract ApproveTest is Owned {
    function test_approve_is_told_and_kept() external {
        vm.expectEmit(address(token));
        emit Approval(ANA, BIA, 2);
        vm.prank(ANA);
        token.approve(BIA, 2);
        vm.assertEq(token.getApproved(2), BIA);
    }

    function test_approve_replaces_the_earlier_one() external {
        vm.prank(ANA);
        token.approve(BIA, 1);
        vm.assertEq(token.getApproved(1), BIA);
    }

    function test_approve_the_same_again_is_told_again() external {
        vm.expectEmit(address(token));
        emit Approval(ANA, FRIEND, 1);
        vm.prank(ANA);
        token.approve(FRIEND, 1);
    }

    function test_approve_zero_clears() external {
        vm.expectEmit(address(token));
        emit Approval(ANA, address(0), 1);
        vm.prank(ANA);
        token.approve(address(0), 1);
        vm.assertEq(token.getApproved(1), address(0));
    }

    function test_approve_zero_where_none_was() external {
        vm.prank(ANA);
        token.approve(address(0), 2);
        vm.assertEq(token.getApproved(2), address(0));
    }

    function test_operator_approves() external {
        vm.prank(OPERATOR);
        token.approve(BIA, 2);
        vm.assertEq(token.getApproved(2), BIA);
    }

    function test_stranger_does_not_approve() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidApprover.selector, STRANGER));
        vm.prank(STRANGER);
        token.approve(STRANGER, 1);
    }

    function test_approved_one_does_not_approve() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidApprover.selector, FRIEND));
        vm.prank(FRIEND);
        token.approve(STRANGER, 1);
    }

    function test_approve_of_an_unknown_token_reverts() external {
        vm.expectRevert(_unknown(UNKNOWN));
        vm.prank(ANA);
        token.approve(BIA, UNKNOWN);
    }

    function test_approved_of_a_token_without_approval_is_zero() external view {
        vm.assertEq(token.getApproved(2), address(0));
    }

    function test_approved_of_an_unknown_token_reverts() external {
        vm.expectRevert(_unknown(UNKNOWN));
        token.getApproved(UNKNOWN);
    }
}

contract OperatorTest is Owned {
    function test_operator_is_told_and_kept() external {
        vm.expectEmit(address(token));
        emit ApprovalForAll(ANA, BIA, true);
        vm.prank(ANA);
        token.setApprovalForAll(BIA, true);
        vm.assertTrue(token.isApprovedForAll(ANA, BIA));
    }

    function test_operator_is_revoked() external {
        vm.expectEmit(address(token));
        emit ApprovalForAll(ANA, OPERATOR, false);
        vm.prank(ANA);
        token.setApprovalForAll(OPERATOR, false);
        vm.assertFalse(token.isApprovedForAll(ANA, OPERATOR));
    }

    function test_operator_set_twice_stays() external {
        vm.prank(ANA);
        token.setApprovalForAll(OPERATOR, true);
        vm.assertTrue(token.isApprovedForAll(ANA, OPERATOR));
    }

    function test_operator_of_one_is_not_of_another() external view {
        vm.assertFalse(token.isApprovedForAll(BIA, OPERATOR));
    }

    function test_zero_address_is_no_operator() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidOperator.selector, address(0)));
        vm.prank(ANA);
        token.setApprovalForAll(address(0), true);
    }
}

/// @dev What holds whichever of the three ways a token is moved.
abstract contract TransferCases is Owned {
    function _move(address by, address from, address to, uint256 id) internal virtual;

    function test_owner_moves() external {
        vm.expectEmit(address(token));
        emit Transfer(ANA, BIA, 1);
        _move(ANA, ANA, BIA, 1);
        vm.assertEq(token.ownerOf(1), BIA);
        vm.assertEq(token.balanceOf(ANA), 1);
        vm.assertEq(token.balanceOf(BIA), 1);
    }

    function test_moving_clears_the_approval() external {
        _move(ANA, ANA, BIA, 1);
        vm.assertEq(token.getApproved(1), address(0));
    }

    function test_approved_one_moves() external {
        _move(FRIEND, ANA, BIA, 1);
        vm.assertEq(token.ownerOf(1), BIA);
    }

    function test_operator_moves() external {
        _move(OPERATOR, ANA, BIA, 2);
        vm.assertEq(token.ownerOf(2), BIA);
    }

    function test_moving_to_oneself_changes_only_the_approval() external {
        _move(ANA, ANA, ANA, 1);
        vm.assertEq(token.ownerOf(1), ANA);
        vm.assertEq(token.balanceOf(ANA), 2);
        vm.assertEq(token.getApproved(1), address(0));
    }

    function test_wrong_earlier_owner_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721IncorrectOwner.selector, BIA, 1, ANA));
        _move(ANA, BIA, BIA, 1);
    }

    function test_stranger_does_not_move() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InsufficientApproval.selector, STRANGER, 1));
        _move(STRANGER, ANA, BIA, 1);
    }

    function test_approved_for_one_does_not_move_another() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InsufficientApproval.selector, FRIEND, 2));
        _move(FRIEND, ANA, BIA, 2);
    }

    function test_unknown_token_does_not_move() external {
        vm.expectRevert(_unknown(UNKNOWN));
        _move(ANA, ANA, BIA, UNKNOWN);
    }

    function test_zero_address_receives_nothing() external {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidReceiver.selector, address(0)));
        _move(ANA, ANA, address(0), 1);
    }
}

contract TransferFromTest is TransferCases {
    function _move(address by, address from, address to, uint256 id) internal override {
        vm.prank(by);
        token.transferFrom(from, to, id);
    }

    function test_contract_is_not_asked() external {
        address to = address(new NoReceiver());
        _move(ANA, ANA, to, 1);
        vm.assertEq(token.ownerOf(1), to);
    }
}

/// @dev What safe moving adds: a contract is asked.
abstract contract SafeTransferCases is TransferCases {
    function _sent() internal pure virtual returns (bytes memory);

    function test_receiver_is_told_operator_owner_token_and_bytes() external {
        address to = address(new GoodReceiver());
        vm.expectEmit(to);
        emit GoodReceiver.Received(OPERATOR, ANA, 1, _sent());
        _move(OPERATOR, ANA, to, 1);
        vm.assertEq(token.ownerOf(1), to);
    }

    function test_receiver_with_a_wrong_answer_is_refused() external {
        _refused(address(new WrongAnswerReceiver()));
    }

    function test_contract_that_does_not_receive_is_refused() external {
        _refused(address(new NoReceiver()));
    }

    function test_receiver_that_reverts_silently_is_refused() external {
        _refused(address(new SilentReceiver()));
    }

    function test_message_of_the_receiver_passes_through() external {
        address to = address(new MessageReceiver());
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "no, thank you"));
        _move(ANA, ANA, to, 1);
    }

    function test_error_of_the_receiver_passes_through() external {
        address to = address(new ErrorReceiver());
        vm.expectRevert(abi.encodeWithSelector(ErrorReceiver.Refused.selector, 1));
        _move(ANA, ANA, to, 1);
    }

    function test_panic_of_the_receiver_passes_through() external {
        address to = address(new PanicReceiver());
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 1));
        _move(ANA, ANA, to, 1);
    }

    function _refused(address to) private {
        vm.expectRevert(abi.encodeWithSelector(ERC721InvalidReceiver.selector, to));
        _move(ANA, ANA, to, 1);
    }
}

contract SafeTransferFromTest is SafeTransferCases {
    function _move(address by, address from, address to, uint256 id) internal override {
        vm.prank(by);
        token.safeTransferFrom(from, to, id);
    }

    function _sent() internal pure override returns (bytes memory) {
        return "";
    }
}

contract SafeTransferFromWithBytesTest is SafeTransferCases {
    function _move(address by, address from, address to, uint256 id) internal override {
        vm.prank(by);
        token.safeTransferFrom(from, to, id, "note");
    }

    function _sent() internal pure override returns (bytes memory) {
        return "note";
    }
}

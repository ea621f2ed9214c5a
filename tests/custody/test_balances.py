from fognode.custody.balances import Change, Weight, weigh


def _out(at_s: float, package: str) -> Change:
    return Change(at_ms=round(at_s * 1000), package=package, out=True)


def _in(at_s: float, package: str) -> Change:
    return Change(at_ms=round(at_s * 1000), package=package, out=False)


def _step(at_s: float, weight_g: int) -> Weight:
    return Weight(at_ms=round(at_s * 1000), weight_g=weight_g)


def test_one_tag_and_one_step_belong_together() -> None:
    assert weigh([_out(3, "A")], [_step(1, -5840)]).weights_g == {0: 5840}
    assert weigh([_in(3, "A")], [_step(4, 4000)]).weights_g == {0: 4000}


def test_taken_and_returned_get_a_weight_each() -> None:
    balance = weigh([_out(3, "A"), _in(6, "A")], [_step(1, -5840), _step(7, 4000)])
    assert balance.weights_g == {0: 5840, 1: 4000}
    assert not balance.rule


def test_two_packages_apart_are_told_from_each_other_by_order() -> None:
    changes = [_out(3, "A"), _out(5, "B")]
    assert weigh(changes, [_step(1, -5840), _step(3, -3000)]).weights_g == {0: 5840, 1: 3000}


def test_two_packages_at_once_are_not_guessed() -> None:
    for changes, steps in (
        ([_out(3, "A"), _out(3.5, "B")], [_step(1, -5840), _step(3, -3000)]),
        ([_out(3, "A"), _out(5, "B")], [_step(1, -5840), _step(1.5, -3000)]),
        ([_out(3, "A"), _out(5, "B")], [_step(1, -8840)]),
    ):
        balance = weigh(changes, steps)
        assert (balance.rule, balance.weights_g) == ("weights_unclear", {})


def test_several_steps_for_one_package_are_summed() -> None:
    assert weigh([_in(3, "A")], [_step(3, 6000), _step(4, -160)]).weights_g == {0: 5840}
    changes = [_out(3, "A"), _in(8, "A")]
    steps = [_step(1, -3000), _step(2, -2840), _step(8, 4000)]
    assert weigh(changes, steps).weights_g == {0: 5840, 1: 4000}


def test_weight_that_goes_the_wrong_way_is_not_attributed() -> None:
    assert weigh([_out(3, "A")], [_step(1, 500)]).rule == "weights_unclear"
    assert weigh([_in(3, "A")], [_step(1, -500)]).rule == "weights_unclear"


def test_decanting_is_seen_and_noise_is_not() -> None:
    assert weigh([], [_step(1, -61)]).rule == "weight_without_tag"
    assert weigh([], [_step(1, -60)]).rule == ""
    assert weigh([], [_step(1, -5840), _step(2, 5830)]).rule == ""
    assert weigh([], []).rule == ""


def test_peeled_tag_is_seen() -> None:
    balance = weigh([_out(3, "A")], [])
    assert (balance.rule, balance.text) == ("tag_without_weight", "tag of A changed, no weight did")

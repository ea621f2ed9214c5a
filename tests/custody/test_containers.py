from fognode.custody.containers import DIFFERENCE_U_G, Container, Total


def _container(net_g: int) -> Container:
    return Container(package="P1", gtin="1", label_expiry="", tare_g=310, net_g=net_g)


def test_the_difference_of_two_weights_is_told_within_28_g() -> None:
    assert DIFFERENCE_U_G == 28


def test_gross_is_always_net_and_tare() -> None:
    container = _container(net_g=5530)
    container.net_g -= 1840
    assert container.gross_g == 4000


def test_only_what_stands_in_its_place_with_content_can_be_taken() -> None:
    assert _container(net_g=1).here
    assert not _container(net_g=0).here
    empty = _container(net_g=1)
    empty.empty = True
    assert not empty.here
    assert empty.row(7).values["state"] == "empty"


def test_how_it_stood_is_kept_when_it_moves_on() -> None:
    container = _container(net_g=5)
    container.place = "cab-1"
    container.stand("cause", stage=2)
    before = container.before
    container.place, container.state = "", "out"
    assert before is not None
    assert (before.place, before.state, before.stage) == ("cab-1", "stored", 2)


def test_a_total_is_as_sure_as_its_packages_together() -> None:
    total = Total(gtin="1", net_g=9, variance_g2=5 * 20 * 20)
    assert total.row(3).values == {
        "gtin": "1",
        "net_g": 9,
        "u_g": 45,
        "packages": 0,
        "warn_level_g": 0,
        "low": 0,
        "value_cents": 0,
        "as_of_seq": 3,
    }

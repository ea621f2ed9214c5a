import inspect

from fognode import errors


def test_every_error_is_one_family_and_says_the_reaction() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    assert len(classes) == 14
    for cls in classes:
        assert issubclass(cls, errors.FognodeError)
        assert inspect.getdoc(cls)


def test_every_error_stands_in_the_tree_of_the_module() -> None:
    for name, _ in inspect.getmembers(errors, inspect.isclass):
        assert name in (errors.__doc__ or "")

import pytest

from lrbench.config.named import Value, parse_named, value_text
from lrbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("wngrad", "wngrad", {}),
        (" wngrad[] ", "wngrad", {}),
        ("wngrad[order=lagged]", "wngrad", {"order": "lagged"}),
        ("l2[weight=0.01]", "l2", {"weight": 0.01}),
        ("l2[weight=1/n_samples]", "l2", {"weight": "1/n_samples"}),
        ("x[ a = 1 , b = -2e3,c=1e-4 ]", "x", {"a": 1, "b": -2000.0, "c": 1e-4}),
        ("my_rule.py:MyRule[beta=.9]", "my_rule.py:MyRule", {"beta": 0.9}),
        ("x[a=b=c]", "x", {"a": "b=c"}),
    ],
)
def test_parts(text: str, name: str, params: dict[str, Value]) -> None:
    found = parse_named(text)
    assert found == (name, params)
    assert [type(v) for v in found[1].values()] == [type(v) for v in params.values()]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no name"),
        ("[a=1]", "no name"),
        ("x[a=1", "closing bracket"),
        ("x[a=1]y", "closing bracket"),
        ("xa=1]", "never opened"),
        ("x[a=[1]]", "bracket inside"),
        ("x[a]", "no '='"),
        ("x[a=1,]", "no '='"),
        ("x[=1]", "empty key"),
        ("x[a=]", "empty value"),
        ("x[a=1,a=2]", "gives 'a' twice"),
    ],
)
def test_errors(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        parse_named(text)
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["x[" + "a" * 5000, "x" + "[" * 5000, f"x[{'a' * 5000}]", f"x[{'a' * 5000}=1,{'a' * 5000}=2]"],
    ids=range(4),
)
def test_a_long_text_is_shown_in_part(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_named(text)
    assert repr(text[:60] + "…") in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (0.01, "0.01"), (3, "3"), ("a", "a"), (1e300, "1e+300")]
)
def test_value_text(value: Value, text: str) -> None:
    assert value_text(value) == text
    assert parse_named(f"x[a={text}]")[1]["a"] == value

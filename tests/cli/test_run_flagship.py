"""The command of the README: what it must show, and that it is what was proved and measured."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from lrbench.results import SCHEMA

FLAGSHIP = ("run", "--problem", "logreg", "--lr0", "100")


@pytest.fixture
def saved(invoke: Any) -> dict[str, Any]:
    outcome = invoke(*FLAGSHIP, "--format", "json")
    assert outcome.code == 0
    assert outcome.err == ""
    result: dict[str, Any] = json.loads(outcome.out)
    return result


def verdict(saved: dict[str, Any], solver: str, theorem: str) -> dict[str, Any]:
    found = [
        v
        for v in saved["problems"][0]["verdicts"]
        if v["solver"]["name"] == solver and v["theorem"] == theorem
    ]
    assert len(found) == 1
    out: dict[str, Any] = found[0]
    return out


def test_json_follows_the_published_schema(saved: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(saved, schema)
    for run in saved["problems"][0]["runs"]:
        assert len({len(column) for column in run["trace"].values()}) == 1


def test_schema_refuses_what_is_not_a_result(saved: dict[str, Any]) -> None:
    saved["problems"][0]["runs"][0]["status"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(saved, json.loads(SCHEMA.read_text()))


def test_wngrad_is_inside_its_certificates_and_w3(saved: dict[str, Any]) -> None:
    constants = saved["problems"][0]["constants"]
    assert constants["delta0"] == pytest.approx(0.4324, abs=1e-4)
    w3 = verdict(saved, "wngrad", "W3")
    assert w3["bound_verdict"] == "pass"
    assert w3["iteration"][-1] == 1000
    assert w3["bound"][-1] == pytest.approx(0.081, abs=5e-4)
    assert w3["metric"][-1] == pytest.approx(0.0073, abs=5e-5)
    for theorem in ("C1", "C2", "C2'", "C5", "C6"):
        assert verdict(saved, "wngrad", theorem)["bound_verdict"] == "pass", theorem


def test_adagrad_norm_is_inside_c3b_while_a1_is_still_vacuous(saved: dict[str, Any]) -> None:
    assert verdict(saved, "adagrad-norm", "C3b")["bound_verdict"] == "pass"
    a1 = verdict(saved, "adagrad-norm", "A1")
    assert a1["bound_verdict"] == "vacuous"
    assert a1["informative_from"] == pytest.approx(2400, rel=0.02)


def test_adagrad_norm_has_certificates_on_the_last_iterate_from_three_halves_on(
    saved: dict[str, Any],
) -> None:
    c6, restarted, c7 = (verdict(saved, "adagrad-norm", key) for key in ("C6", "C6'", "C7"))
    assert c6["metric"][-1] == pytest.approx(3.33e-5, rel=2e-3)
    assert c6["bound"][-1] == pytest.approx(1.18e-2, rel=5e-3)
    assert restarted["bound"][-1] == pytest.approx(9.2e-5, rel=5e-3)
    assert c7["metric"][-1] == pytest.approx(1.6e-7, rel=3e-2)
    assert c7["bound"][-1] == pytest.approx(2.0e-4, rel=1e-2)
    assert {v["bound_verdict"] for v in (c6, restarted, c7)} == {"pass"}
    (run,) = [r for r in saved["problems"][0]["runs"] if r["solver"]["name"] == "adagrad-norm"]
    # The run ends at 1.29/L: it is never stable, but short from the sixth step on.
    assert run["trace"]["stable_from"][-1] is None
    assert run["trace"]["short_from"][-1] == 5.0


def test_gd_is_stalled_and_has_no_theorem(saved: dict[str, Any]) -> None:
    runs = [r for r in saved["problems"][0]["runs"] if r["solver"]["name"] == "sgd"]
    assert [r["status"] for r in runs] == ["stalled"]
    assert runs[0]["trace"]["suboptimality"][-1] > 20
    mine = [v for v in saved["problems"][0]["verdicts"] if v["solver"]["name"] == "sgd"]
    assert mine
    assert not any(v["applies"] and v["kind"] == "a-priori" for v in mine)
    assert any("2/L" in v["reason"] for v in mine)


def test_the_page_of_a_terminal_fits_a_screen_of_thirty_lines(invoke: Any) -> None:
    outcome = invoke(*FLAGSHIP, "--format", "table", "--color", "never")
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30
    first, hint = lines[-2:]
    assert first == "First to 1 % of the start: adagrad-norm, after 316 passes; never: wngrad, gd"
    assert hint == "More: --theory (every theorem), --details (every column); lrbench explain WORD"
    rows = [line.split("  ") for line in lines[lines.index("Summary") + 3 : -2]]
    table = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert table == [
        ["adagrad-norm", "completed", "3.3e-05", "0.0077 %", "1.3/L", "7 of 7; 3 weak"],
        ["wngrad", "completed", "7.3e-03", "1.7 %", "0.28/L", "11 of 11"],
        ["gd", "stalled above its start", "2.3e+01", "5354 %", "107/L", "none applies"],
    ]


def test_what_is_promised_is_the_least_bound_on_the_last_iterate(
    invoke: Any, saved: dict[str, Any]
) -> None:
    page = invoke(*FLAGSHIP).out
    table = page[page.index("   T  ") :].splitlines()
    rows = [line.split() for line in table[2:13]]
    assert [row[2:3] for row in rows[:1]] == [["4.32e-01"]]
    for T, _, promised, *others in rows[1:]:
        at = {key: verdict(saved, "wngrad", key) for key in ("W3", "W4")}
        bounds = [v["bound"][v["iteration"].index(int(T))] for v in at.values()]
        assert float(promised) == pytest.approx(min(bounds), rel=6e-3)
        assert others[1::2] == ["none", "none"]


def test_the_page_in_a_pipe_has_every_theorem(invoke: Any, saved: dict[str, Any]) -> None:
    outcome = invoke(*FLAGSHIP)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in outcome.out
    for v in saved["problems"][0]["verdicts"]:
        if v["applies"]:
            assert any(line.startswith(f"{v['theorem']} ") for line in lines), v["theorem"]
    assert "2/L" in outcome.out
    assert lines[-1].startswith("First to 1 % of the start: adagrad-norm, after 316 passes")
    assert invoke(*FLAGSHIP, "--no-theory").out.count("bound  ") == 0


def test_the_table_has_colour_where_asked(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = invoke(*FLAGSHIP, "--format", "table", "--color", "always")
    assert "\x1b[" in coloured.out
    bare = invoke(*FLAGSHIP, "--format", "table", "--color", "never")
    assert "\x1b[" not in bare.out


def test_two_runs_print_the_same(invoke: Any) -> None:
    assert invoke(*FLAGSHIP).out == invoke(*FLAGSHIP).out

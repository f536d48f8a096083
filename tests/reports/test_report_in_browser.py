"""The HTML report in a real browser: quiet, offline, and it does what its buttons say."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from reported import (
    FOREIGN,
    HOSTILE,
    all_lost,
    charts_of,
    far_above,
    hostile,
    one_run,
    report_of,
    seeds,
    swept,
    two_axes,
)

from lrbench.reports.blocks import printable
from lrbench.results import Result
from lrbench.verdicts.method_names import named_for_pages

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

PHONE, DESK = (360, 740), (1280, 800)

RESULTS: dict[str, Callable[[], Result]] = {
    "swept": swept,
    "seeds": seeds,
    "one-run": one_run,
    "hostile": hostile,
    "far": far_above,
    "all-lost": all_lost,
    "map": two_axes,
}

N_CHARTS = {"one-run": 1, "far": 1, "all-lost": 1}
"""The interactive figures of a report where there are not two."""

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    paths = {name: folder / f"{name}.html" for name in RESULTS}
    for name, path in paths.items():
        path.write_text(report_of(RESULTS[name]()), encoding="utf-8")
    return paths


@pytest.fixture
def opened(browser: Any, files: dict[str, Path]) -> Iterator[Opened]:
    """Return a function that opens a report; at the end nothing may have been said or asked for."""
    contexts, faults = [], []

    def open_(name: str, size: tuple[int, int] = DESK, **options: Any) -> Any:
        viewport = {"width": size[0], "height": size[1]}
        contexts.append(browser.new_context(viewport=viewport, offline=True, **options))
        page = contexts[-1].new_page()
        address = files[name].as_uri()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda r: faults.append(r.url) if r.url != address else None)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


OUTSIDE = """() => [...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect();
  const beyond = box.right > innerWidth + 0.5 || box.left < -0.5;
  return beyond && !element.closest('.scroll > *, .u-over, .u-under');
}).map(element => element.outerHTML.slice(0, 80))"""
"""The elements that stick out of the page; what a table scrolls is inside of its box."""


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_sticks_out(opened: Opened, name: str) -> None:
    page = opened(name, PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for width, height in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".chart canvas").count() == N_CHARTS.get(name, 2)


def test_a_run_far_above_its_start_is_in_sight_or_marked(opened: Opened) -> None:
    # A hundred times its start, gd swings below the top edge, and is flat nowhere.
    page = opened("one-run")
    assert highest(page, 2) > 4
    assert "at the top" not in page.locator(".chart").inner_text()
    page = opened("far")
    assert "↑ at the top: above the axis" in page.locator(".chart").inner_text()
    box = box_of(page, 0)
    texts = set()
    for k in range(60):
        page.mouse.move(box["x"] + k / 60 * box["width"], box["y"] + 5)
        texts.add(page.locator(".readout").inner_text())
    assert any("F − f* = 7.00e+05" in text for text in texts)


def test_where_every_run_diverged_no_frame_is_empty(opened: Opened) -> None:
    page = opened("all-lost")
    charts = page.locator(".charts").inner_text()
    assert "every run diverged; × at the top: diverged" in charts
    assert "No trajectory to draw: every run diverged." in charts
    assert drawn(page, 0, 0)


def test_rates_and_b_are_drawn_in_the_place_of_the_level(opened: Opened) -> None:
    page = opened("one-run")
    (problem,) = one_run().problems
    L = problem.header.constants.L
    runs = {named_for_pages(problem).runs[k].solver.name: r for k, r in enumerate(problem.runs)}
    for quantity, unit in (("lr", L), ("b", 1 / L)):
        page.locator(".chart select").nth(1).select_option(quantity)
        compared = 0
        for head, text in readouts(page, 0, heights=(0.1, 0.5, 0.9)).items():
            run = runs[head.partition("[")[0].partition(",")[0]]
            ((T, shown),) = re.findall(r"T = (\d+) .*?L = ([\d.e+-]+)", text)
            row = list(run.trace["iteration"]).index(float(T))
            assert float(shown) == pytest.approx(run.trace[quantity][row] * unit, rel=1e-2)
            compared += 1
        assert compared == (3 if quantity == "lr" else 2)


def test_a_map_of_two_axes_has_the_passes_of_each_pair(opened: Opened) -> None:
    page = opened("map")
    titles = page.locator(".map title").all_text_contents()
    sweep = two_axes().problems[0].sweep
    assert sweep is not None
    found = {}
    for title in titles:
        ((lr0, eta, text),) = re.findall(r"^lr0 = (\S+), eta = (\S+): (.*)$", title)
        found[float(lr0), float(eta)] = text
    assert len(found) == len(titles) == 15
    for s in sweep.solvers:
        for value, passes in zip(s.values, s.passes, strict=True):
            text = found[value, s.second_axis["eta"]]
            assert text == (f"{passes:g} passes" if math.isfinite(passes) else "not in the budget")
    assert {text[-6:] for text in found.values()} == {"passes", "budget"}


def test_the_first_screen_of_a_phone_answers(opened: Opened) -> None:
    page = opened("swept", (360, 640))
    answers = page.locator(".answer")
    words = [answers.nth(k).inner_text() for k in range(3)]
    advice = swept().problems[0].sweep.advice.choice  # type: ignore[union-attr]
    assert advice is not None
    assert f"after {advice.passes:g} passes" in words[0]
    assert words[1].startswith("With what rate?\nlr0 = ")
    assert words[2].startswith("At what price if I am wrong?")
    box = answers.nth(2).bounding_box()
    assert box["y"] + box["height"] <= 640


def pixels(page: Any, chart: int, solver: int) -> int:
    """Return how many pixels of a figure have the colour of a solver."""
    count: int = page.evaluate(
        """([chart, solver]) => {
          const name = getComputedStyle(document.documentElement).getPropertyValue('--s' + solver);
          const wanted = [1, 3, 5].map(k => parseInt(name.trim().slice(k, k + 2), 16));
          const canvas = document.querySelectorAll('.chart canvas')[chart];
          const copy = new OffscreenCanvas(canvas.width, canvas.height)
            .getContext('2d', { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
          let n = 0;
          for (let k = 0; k < data.length; k += 4) {
            const near = wanted.every((v, c) => Math.abs(v - data[k + c]) < 3);
            if (near && data[k + 3] === 255) n += 1;
          }
          return n;
        }""",
        [chart, solver],
    )
    return count


def highest(page: Any, solver: int) -> int:
    """Return how many rows of pixels a curve of the first figure lies below the top edge."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    row: int = page.evaluate(
        """(solver) => {
          const name = getComputedStyle(document.documentElement).getPropertyValue('--s' + solver);
          const wanted = [1, 3, 5].map(k => parseInt(name.trim().slice(k, k + 2), 16));
          const canvas = document.querySelector('.chart canvas');
          const copy = new OffscreenCanvas(canvas.width, canvas.height)
            .getContext('2d', { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
          const over = document.querySelector('.u-over').offsetTop * devicePixelRatio;
          for (let k = 0; k < data.length; k += 4) {
            if (wanted.every((v, c) => Math.abs(v - data[k + c]) < 3) && data[k + 3] === 255) {
              return Math.floor(k / 4 / canvas.width) - over;
            }
          }
          return -1;
        }""",
        solver,
    )
    return row


def drawn(page: Any, chart: int, solver: int) -> bool:
    """Return whether a solver is drawn, once the next frame is painted."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return pixels(page, chart, solver) > 0


def test_a_click_switches_a_solver_off_and_on(opened: Opened) -> None:
    page = opened("swept")
    chip = page.locator(".solvers button").nth(1)
    assert chip.inner_text() == "adagrad-norm"
    assert [drawn(page, chart, solver) for chart in (0, 1) for solver in range(3)] == [True] * 6
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    assert [drawn(page, chart, solver) for chart in (0, 1) for solver in range(3)] == [
        *(True, False, True),
        *(True, False, True),
    ]
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert drawn(page, 0, 1)


def box_of(page: Any, chart: int) -> Any:
    """Return where a figure is, once it is in sight."""
    over = page.locator(".chart .u-over").nth(chart)
    over.scroll_into_view_if_needed()
    return over.bounding_box()


def readouts(page: Any, chart: int, heights: Sequence[float] = (0.5,)) -> dict[str, str]:
    """Return what the figure says from its left to its right: the run -> the text about it."""
    box = box_of(page, chart)
    texts = {}
    for height in heights:
        for k in range(40):
            x, y = box["x"] + (k + 0.5) / 40 * box["width"], box["y"] + height * box["height"]
            page.mouse.move(x, y)
            head, _, text = page.locator(".readout").nth(chart).inner_text().partition(": ")
            texts[head] = text
    return texts


def test_pointing_at_a_run_shows_its_numbers_and_the_command_that_repeats_it(
    opened: Opened,
) -> None:
    page = opened("swept")
    for other in (0, 1):
        page.locator(".solvers button").nth(other).click()
    texts = readouts(page, 0)
    s = swept().problems[0].sweep.of("sgd")  # type: ignore[union-attr]
    assert len(texts) == len(s.values) == 8
    for (head, text), value, passes in zip(texts.items(), s.values, s.passes, strict=True):
        assert float(head.removeprefix("gd, lr0 = ")) == pytest.approx(value, rel=5e-3)
        never = passes == float("inf")
        assert text.startswith("never at" if never else f"{passes:g} passes to the target")
        command = "lrbench sweep -p logreg -n 400 -s sgd --lr0 "
        (rate,) = re.findall(re.escape(command) + r"(\S+)", text)
        assert float(rate) == value


def test_a_click_draws_the_trajectory_of_a_run(opened: Opened) -> None:
    page = opened("swept")
    for other in (1, 2):
        page.locator(".solvers button").nth(other).click()
    before = readouts(page, 1)
    box = box_of(page, 0)
    page.mouse.click(box["x"] + 3, box["y"] + 10)
    after = readouts(page, 1)
    (best,), (picked,) = before, after
    assert best != picked
    assert re.fullmatch(r"wngrad(\[.*\])?, lr0 = 0.003", picked)
    numbers = re.findall(r"T = (\d+) .*?F − f\* = ([\d.e-]+)", " ".join(after.values()))
    run = next(r for r in swept().problems[0].runs if r.solver.name == "wngrad")
    for T, level in numbers:
        row = list(run.trace["iteration"]).index(float(T))
        assert float(level) == pytest.approx(run.trace["suboptimality"][row], rel=1e-2)
    assert numbers


def test_it_zooms_and_comes_back(opened: Opened) -> None:
    page = opened("swept")
    chart = page.locator(".chart").nth(0)
    whole = readouts(page, 0)
    chart.get_by_role("button", name="zoom in").click()
    chart.get_by_role("button", name="zoom in").click()
    part = readouts(page, 0)
    assert 0 < len(part) < len(whole)
    for _ in range(2):  # what is switched off and on again leaves the view alone
        page.locator(".solvers button").first.click()
    assert readouts(page, 0) == part
    chart.get_by_role("button", name="all").click()
    assert readouts(page, 0) == whole
    box = box_of(page, 0)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 60)
    page.mouse.up()
    assert 0 < len(readouts(page, 0)) < len(whole)


@pytest.mark.parametrize("again", [False, True], ids=["ascending", "descending"])
def test_a_click_on_a_heading_sorts(opened: Opened, again: bool) -> None:
    page = opened("swept")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    table = page.locator("#p0-lanes")
    heading = table.get_by_role("button", name="F − f*", exact=True)
    heading.click()
    if again:
        heading.click()
    column = table.locator("thead button").all_inner_texts().index("F − f*") + 1
    texts = table.locator(f"tbody tr > :nth-child({column})").all_inner_texts()
    missing = texts.count("-")
    assert texts[len(texts) - missing :] == ["-"] * missing  # of runs that diverged
    numbers = [float(text) for text in texts[: len(texts) - missing]]
    assert numbers == sorted(numbers, reverse=again)
    assert len(set(numbers)) > 12
    assert len(texts) == 24
    head = table.locator("thead th").nth(column - 1)
    assert head.get_attribute("aria-sort") == ("descending" if again else "ascending")


def test_text_from_files_is_inert(opened: Opened) -> None:
    page = opened("hostile")
    assert page.evaluate("window.attacked") is None
    assert page.locator("script").count() == 3
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator("h1").inner_text()
    assert HOSTILE in page.title()
    facts = page.locator(".facts").all_inner_texts()
    assert any(f"</td></table>{printable(FOREIGN)}" in text for text in facts)
    assert "\x1b" not in page.content()


def test_print_has_the_static_figures(opened: Opened) -> None:
    page = opened("seeds")
    figures, interactive = page.locator("figure.static"), page.locator(".interactive")
    assert figures.count() == 4  # the sweep, the level, the rates and b
    assert not figures.first.is_visible()
    assert interactive.is_visible()
    page.emulate_media(media="print")
    assert not interactive.is_visible()
    for k in range(2):
        box = figures.nth(k).locator("svg").first.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 150
    assert figures.nth(1).locator("path.measured[d^=M]").count() >= 2
    assert figures.nth(1).locator("path.band[d^=M]").count() == 2


def test_without_scripts_there_are_figures_and_tables(opened: Opened) -> None:
    page = opened("swept", java_script_enabled=False)
    assert page.locator("figure.static").first.is_visible()
    assert not page.locator(".interactive").is_visible()
    assert page.locator("#p0-verdicts tbody tr").count() > 20


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_follows_the_scheme_of_the_system(opened: Opened, scheme: str, dark: bool) -> None:
    page = opened("swept", PHONE, color_scheme=scheme)
    colours = page.evaluate(
        "['backgroundColor', 'color'].map(name => getComputedStyle(document.body)[name])"
    )
    paper, ink = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert (paper < 150 < 500 < ink) if dark else (ink < 150 < 500 < paper)
    assert drawn(page, 0, 0)
    page.emulate_media(color_scheme="light" if dark else "dark")
    assert drawn(page, 0, 0)


def test_bands_of_seeds_are_said(opened: Opened) -> None:
    page = opened("seeds")
    charts = charts_of(report_of(seeds()))["p0"]
    assert all("low" in curve for curve in charts["curves"])
    texts = readouts(page, 1)
    assert any("(seeds " in text for text in texts.values())
    assert "band: from the least to the largest seed" in page.locator(".chart").nth(1).inner_text()

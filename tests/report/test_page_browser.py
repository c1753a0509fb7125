"""The page in a real browser: every control, the keyboard alone, light and dark, narrow and wide, and how fast."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.construction.evaluation.construction import construct
from holdfast.core.results import Heatmap, Line, LinePlot, Table, Text
from holdfast.engine.initialise import build
from holdfast.explanation.finding import Finding
from holdfast.explanation.page import flow
from holdfast.explanation.page import network as network_data
from holdfast.explanation.page.document import Band, document
from holdfast.explanation.page.words import script
from holdfast.explanation.roles import roles
from holdfast.explanation.subject import examine
from holdfast.report import page as pages
from tests.networks import random_network
from tests.report.looking import reached_by_tab, unfold, until, where

pytestmark = pytest.mark.slow

EVIL = "</script><script>window.hit=1</script><img src=x onerror=window.hit=1>"
STEPS, UNITS = 200, 32
PARTS = (
    LinePlot(
        (Line("a", (1.0, 2.0), (0.5, None), (0.4, 0.3), (0.6, 0.7)), Line(EVIL, (1.0,), (1.0,))), "lag", "R²", "C"
    ),
    Heatmap(((0.5, -1.0), (None, 0.25)), ("u 1", EVIL), ("1", "2"), "unit", "step", "bits", "Kept"),
    Table(("head", "n"), tuple((EVIL, str(n)) for n in range(60)), "Rows"),
    Text(EVIL, "Words"),
)  # fmt: skip


@pytest.fixture(scope="module")
def constructed(tmp_path_factory):
    """A network of 32 units that recalls over 200 steps, with all that a page can show."""
    task = tasks.get("recall")(steps=STEPS, tolerance=1e-3)
    made = construct(task, "lstm", units=UNITS, steps=STEPS, tolerance=1e-3).construction
    claim = made.claim
    subject = examine(made.network, task, rows=8)
    told = document(
        subject,
        roles=roles(subject),
        file=f"{EVIL}.safetensors",
        sentence="Read real numbers one by one, then give the first.",
        words=[{"text": f"unit 2 keeps x1 {EVIL}", "units": [2], "role": "latch", "figures": {"forget_mean": 0.9999}}],
        findings={"retention": Finding({}, PARTS, "x1 stays."), "saturation": Finding({})},
        band=Band(claim.error, claim.steps, claim.least_steps, (-1.0, 1.0), "claimed by its construction"),
        version="0",
    )
    return pages.write("explain", EVIL, told, tmp_path_factory.mktemp("constructed") / "page.html", script())


@pytest.fixture(scope="module")
def symbols(tmp_path_factory):
    """An untrained network of two layers on given sequences, whose symbols are markup."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "BESIDE", ())
        task = tasks.get("echo")(sequences=(("<b>", "0", "1", "<b>"), ("4", "0", "1", "4")))
        network = random_network("gru", task.inputs, 4, task.outputs, layers=2, dtype=jnp.float32)
        told = document(examine(network, task), file="net", sentence="Predict the next symbol.")
    return pages.write("explain", "symbols", told, tmp_path_factory.mktemp("symbols") / "page.html", script())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A network that the page may not run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "BESIDE", ())
        patch.setattr(network_data, "MOST_BYTES", 10)
        task = tasks.get("bits")(steps=30, bits=2)
        network = random_network("lstm", 2, 5, 2, dtype=jnp.float32)
        told = document(examine(network, task, rows=3), file="net", sentence="Keep two signs.")
    return pages.write("explain", "shipped", told, tmp_path_factory.mktemp("shipped") / "page.html", script())


CONTROLS = """() => [...document.querySelectorAll("button, input, select, summary, canvas[tabindex]")]
  .filter((e) => !e.disabled && e.tabIndex >= 0 && (e.offsetParent !== null || e.closest(".transport")))
  .map((e, n) => (e.dataset.n = n)).length"""

WATCH = """() => {
  [window.frames_, window.stop_] = [[], false];
  let last = performance.now();
  const tick = (now) => {
    window.frames_.push(now - last);
    last = now;
    if (!window.stop_) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""

CONTRASTS = """() => {
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (name) => {
    probe.style.color = `var(${name})`;
    const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((v) => linear(Number(v)));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const inks = ["--ink", "--soft", "--blue", "--orange", "--green", "--pink"];
  const found = ["--ground", "--sheet"].flatMap((ground) => inks.map((ink) => {
    const [a, b] = [light(ground), light(ink)];
    return Math.max(a, b) / Math.min(a, b);
  }));
  probe.remove();
  return found;
}"""


def test_it_is_one_small_file_and_ready_in_less_than_a_second(constructed, visit):
    assert constructed.stat().st_size < 1_000_000
    opened = visit(constructed)
    times = []
    for _ in range(3):  # the fastest: a machine that does other things has no say in it
        opened.page.reload()
        times.append(int(opened.page.get_attribute("html", "data-ready")))
    assert min(times) < 1000


def test_the_network_in_the_page_is_the_network(constructed, visit):
    page = visit(constructed).page
    unfold(page, "about")
    told = page.inner_text("#about p >> nth=1")
    assert "run in this page" in told
    assert "differ from holdfast's by at most" in told
    differ = float(told.split("at most ")[1].rstrip(".\n").replace("−", "-"))
    assert differ < 5e-5  # in float32; the arithmetic itself is compared in float64, for every cell


def test_the_scrubber_moves_every_panel(constructed, visit):
    page = visit(constructed).page
    unfold(page)
    assert where(page) == "step 1 of 200"
    page.click("[aria-label='one step forward']")
    assert where(page) == "step 2 of 200"
    page.click("[aria-label='last step']")
    assert where(page) == "step 200 of 200"
    page.click("[aria-label='one step back']")
    page.click("[aria-label='first step']")
    before = page.eval_on_selector_all(".cursor", "all => all.map(c => c.style.transform)")
    page.fill("#time", "100")
    until(page, "document.querySelector('.where').textContent.includes('100')")
    until(page, "document.querySelector('#valves h2').textContent.includes('step 100')")
    after = page.eval_on_selector_all(".cursor", "all => all.map(c => c.style.transform)")
    assert len(before) >= 10
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert page.inner_text("#step h2") == "Step 100"
    assert page.get_attribute("#unrolled .copy.here", "data-step") == "99"
    page.click("#play")
    until(page, "parseInt(document.querySelector('.where').textContent.slice(5)) > 102")
    page.click("#play")
    stopped = where(page)
    page.wait_for_timeout(200)
    assert where(page) == stopped


def test_a_row_of_ones_own_is_read_and_judged(constructed, visit):
    page = visit(constructed).page
    page.fill("[aria-label='input at this step, as a number']", "0.25")
    until(page, "document.querySelectorAll('#step dd')[1].textContent === '+0.250'")
    assert abs(float(page.inner_text("#step dd >> nth=2")) - 0.25) < 2e-3
    page.fill("[aria-label='input at this step']", "-0.5")
    until(page, "document.querySelectorAll('#step dd')[1].textContent === '−0.500'")
    page.fill("[aria-label='input at this step, as a number']", "7")
    assert "not a sequence of the task" in page.inner_text("#task .verdict")
    page.click("text=Reset")
    assert "The error of the answer" in page.inner_text("#task .verdict")
    first = page.inner_text("#step dd >> nth=0")
    page.select_option("#sequence", "2")
    assert page.inner_text("#step dd >> nth=0") != first
    page.click("text=Random sequence")
    box = page.locator("#task .reads").bounding_box()
    page.mouse.move(box["x"] + 78, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 78, box["y"] + 4, steps=4)
    page.mouse.up()
    until(page, "parseFloat(document.querySelectorAll('#step dd')[0].textContent) > 0.8")
    assert page.inner_text("#step dd >> nth=1")[:4] == page.inner_text("#step dd >> nth=0")[:4]


def test_a_weight_lights_up_in_every_copy_and_in_one_where_each_step_has_its_own(constructed, visit):
    page = visit(constructed).page
    unfold(page, "unrolled")
    chips = page.locator(".chip")
    assert chips.count() == 9
    for number in range(9):
        chips.nth(number).focus()
        key = chips.nth(number).get_attribute("data-edge")
        lit = page.eval_on_selector_all(
            "#unrolled .edge.lit", "all => all.map(e => [e.dataset.edge, e.closest('.card').innerText.split('\\n')[0]])"
        )
        assert {edge for edge, _ in lit} == {key}
        cards = [card for _, card in lit]
        assert cards.count("Folded") == 1
        assert cards.count("Unrolled: the same weights") == 4
        assert cards.count("For comparison: separate weights for every step") == 1
    page.locator("#unrolled .card >> nth=2").locator(".reach").nth(14).hover(force=True)
    assert page.locator("#unrolled .card >> nth=2").locator(".edge.lit").count() == 1
    assert "870,400 weights" in page.inner_text("#unrolled")


def test_a_click_in_a_heat_map_chooses_unit_and_step(constructed, visit):
    page = visit(constructed).page
    unfold(page, "maps", "words")
    assert page.inner_text("#valves h2").startswith("Unit 2 at")  # the one that carries the memory
    canvas = page.locator("#maps .raster").nth(1)
    canvas.evaluate("e => e.scrollIntoView({block: 'center'})")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7525, box["y"] + box["height"] * 4.5 / UNITS)
    until(page, "document.querySelector('#valves h2').textContent === 'Unit 5 at step 151'")
    assert "Unit 5: states" in page.inner_text("#maps")
    page.fill("#unit", "1")
    until(page, "document.querySelector('#maps').textContent.includes('Unit 1: gates')")
    page.click("#words li button")
    until(page, "document.querySelector('#valves h2').textContent.startsWith('Unit 2')")


def test_the_equation_has_this_steps_numbers(constructed, visit):
    page = visit(constructed).page
    page.fill("#time", "100")
    until(page, "document.querySelector('#valves h2').textContent.includes('step 100')")
    line = next(t for t in page.locator("#valves .mono").all_inner_texts() if t.startswith("c′ = f · c + i · g ="))
    numbers = line.split(" = ")[2].replace("−", "-").replace("·", "*")
    assert abs(eval(numbers) - float(line.split(" = ")[3].replace("−", "-"))) < 2e-3
    page.click("#valves summary")
    assert "σ(W_f x + U_f h + b_f)" in page.inner_text("#valves table")


def test_it_cannot_be_broken(constructed, visit):
    page = visit(constructed).page
    unfold(page, "break")
    for button in ("#attack", "#search"):
        page.click(button)
        until(page, "document.querySelector('#break [role=status]').ariaBusy === 'true'")
        until(page, "document.querySelector('#break [role=status]').ariaBusy === 'false'", 60)
    told = page.inner_text("#break [role=status]")
    assert "1,000 sequences tried" in told
    assert told.endswith("The bound holds.")
    worst, allowed = told.split("the worst: error at most ")[1].split(". The")[0].split(", bound ")
    assert 0 < float(worst.replace("−", "-")) <= float(allowed.replace("−", "-"))


def test_a_band_that_does_not_hold_is_seen_to_be_left(constructed, visit, tmp_path):
    """The attack can succeed: with a thousandth of the bound the page says so."""
    text = constructed.read_text(encoding="utf-8")
    start = text.index('"band":{"error":') + len('"band":{"error":')
    end = text.index(",", start)
    (tmp_path / "small.html").write_text(text[:start] + "1e-9" + text[end:], encoding="utf-8")
    page = visit(tmp_path / "small.html").page
    unfold(page, "break")
    page.click("#attack")
    page.wait_for_selector("#break .broken")


def test_the_keyboard_alone_reaches_and_moves_everything(constructed, visit):
    page = visit(constructed).page
    unfold(page)
    wanted = page.evaluate(CONTROLS)
    assert len(reached_by_tab(page, presses=wanted + 5)) == wanted
    page.focus("#maps .raster >> nth=0")
    page.keyboard.press("ArrowDown")
    until(page, "document.querySelector('#valves h2').textContent.startsWith('Unit 3')")
    page.keyboard.press("ArrowRight")
    assert where(page) == "step 2 of 200"
    page.focus("#time")
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.where').textContent === 'step 3 of 200'")
    page.focus(".chip")
    page.keyboard.press("ArrowLeft")
    assert where(page) == "step 2 of 200"
    page.focus("#words summary >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#words details[open] table")
    page.focus("#attack")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#break [role=status]').textContent.includes(' sequences tried')")


def test_while_dragging_there_are_sixty_frames_a_second(constructed, visit):
    page = visit(constructed).page
    unfold(page)
    page.evaluate("scrollTo(0, 0)")
    slider = page.locator("#time").bounding_box()
    medians = []
    for _ in range(3):
        page.evaluate(WATCH)
        page.mouse.move(slider["x"] + 5, slider["y"] + slider["height"] / 2)
        page.mouse.down()
        for n in range(60):
            page.mouse.move(slider["x"] + 5 + n * (slider["width"] - 10) / 60, slider["y"] + slider["height"] / 2)
        page.mouse.up()
        medians.append(float(np.median(page.evaluate("(window.stop_ = true, window.frames_)"))))
    assert min(medians) < 20
    assert where(page) != "step 1 of 200"


def test_it_is_readable_at_every_width_in_light_and_in_dark(constructed, visit):
    page = visit(constructed).page
    seen = set()
    for width in (360, 760, 1400):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            assert min(page.evaluate(CONTRASTS)) >= 4.5
            page.wait_for_timeout(50)
            seen.add(page.screenshot())
    assert len(seen) == 6
    assert min(len(picture) for picture in seen) > 10_000


def test_markup_is_shown_as_text_and_nothing_runs(constructed, visit):
    page = visit(constructed).page
    unfold(page)
    for summary in page.locator("#words summary").all():
        summary.click()
    page.click("text=Show 20 more rows")
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0
    assert EVIL in page.inner_text("#about")
    assert EVIL in page.inner_text("#words")
    assert page.title() == EVIL


def test_symbols_are_chosen_and_typed(symbols, visit):
    page = visit(symbols).page
    assert page.inner_text("#step dd >> nth=0") == "<b>"
    assert page.input_value("#typed") == "<b>, 0, 1"
    page.fill("#typed", "4, 0, 1")
    page.press("#typed", "Enter")
    assert page.inner_text("#step dd >> nth=0") == "4"
    page.fill("#typed", "4, 0, x")
    page.press("#typed", "Enter")
    assert "'x' is not a symbol of this task" in page.inner_text("#step")
    page.select_option("#symbol", label="<b>")
    assert page.inner_text("#step dd >> nth=0") == "<b>"
    page.click("[aria-label='last step']")
    assert page.inner_text("#step dd >> nth=1") == "<b>"
    assert "answers are right" in page.inner_text("#task .verdict")
    page.select_option("#valves select", "0")
    page.wait_for_timeout(50)
    assert page.locator("b").count() == 0


def test_a_network_that_may_not_run_is_shown_and_says_so(shipped, visit):
    page = visit(shipped).page
    unfold(page, "maps")
    assert "too large to be run in the page" in page.inner_text("#step")
    assert page.locator("#typed, #task input, #step input, #further").count() == 0
    page.fill("#time", "30")
    until(page, "document.querySelector('#step h2').textContent === 'Step 30'")
    assert page.inner_text("#step dd >> nth=1").count("1.000") == 2
    canvas = page.locator("#maps .raster").first
    canvas.scroll_into_view_if_needed()
    canvas.click()


def test_a_stack_and_hidden_layers_of_a_read_out_are_told_apart(visit, tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "BESIDE", ())
    network = build("stack(lstm,gru)", inputs=1, units=3, outputs=1, readout_hidden=(4,))
    told = document(examine(network, tasks.get("recall")(steps=6), rows=3), file="net", sentence="Give the first.")
    page = visit(pages.write("explain", "stack", told, tmp_path / "page.html", script())).page
    unfold(page, "unrolled", "about")
    edges = page.eval_on_selector_all(".chip", "all => all.map(e => [e.dataset.edge, e.textContent, e.title])")
    shown = {edge: " ".join(rest) for edge, *rest in edges}
    assert {"x:forget", "x2:reset2", "h2:candidate2", "readout"} <= shown.keys()
    assert "outputs differ from holdfast's by at most" in page.inner_text("#about")
    page.locator(".chip[data-edge='x2:reset2']").focus()
    assert "from the output of the cell below to reset2" in page.inner_text("#unrolled")
    page.locator(".chip[data-edge='h2:reset2']").focus()
    assert "from the previous hidden state h2 to reset2" in page.inner_text("#unrolled")
    page.locator(".chip[data-edge='readout']").focus()
    assert "3 × 4 × 1" in page.inner_text("#unrolled")

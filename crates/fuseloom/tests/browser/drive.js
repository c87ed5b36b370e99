// Appended to a page by tests/browser.rs: does what a user does, by real events, and reports what came of it.
"use strict";
(() => {
  const outcome = {};
  const check = (name, holds) => { outcome[name] = Boolean(holds); };
  const byId = (id) => document.getElementById(id);
  const key = (target, name) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const click = (target) => target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  const details = byId("details");
  const drawing = byId("drawing");
  const viewport = byId("viewport");
  const node = drawing.querySelector(".node:not(.view)");
  const report = JSON.parse(byId("report").textContent);
  try {
    check("ready", document.documentElement.dataset.ready);
    check("starts with the kernel", details.textContent.includes("Step 0"));

    click(node);
    const id = Number(node.dataset.node);
    check("a click chooses", node.classList.contains("chosen") && node.getAttribute("aria-pressed") === "true");
    check("and shows the node", details.textContent.includes(report.optimized[id].text));
    check("its source line", report.optimized[id].places.every((place) => details.textContent.includes(place)));
    check("its kernel", details.querySelector('[data-go^="step-"]'));
    check("its CLIF", details.querySelector('[data-code="clif"] pre').textContent.includes("function"));
    const step = drawing.querySelector(".cluster");
    click(step);
    const strips = report.plan.steps[Number(step.id.split("-")[1])].strips;
    check("a kernel shows its strips", strips.length > 0 && details.textContent.includes(`strip 0 along ${strips[0].axis}: ${strips[0].back_end}`));
    click(node);
    check("its assembly", details.querySelector('[data-code="assembly"] pre').textContent.length > 100);
    check("the address says so", location.hash === `#${node.id}`);
    check("neighbours are marked", drawing.querySelectorAll(".edge.near").length > 0);
    check("focus is there", document.activeElement === node);
    check("one stop of Tab in the graph", drawing.querySelectorAll('[tabindex="0"]').length === 1);

    key(node, "ArrowDown");
    const below = document.activeElement;
    check("an arrow moves on", below !== node && below.classList.contains("box") && below.classList.contains("chosen"));
    key(below, "ArrowUp");
    check("and back", document.activeElement.classList.contains("chosen") && document.activeElement !== below);
    key(document.activeElement, "Home");
    const first = document.activeElement;
    key(first, "n");
    check("n goes on", document.activeElement !== first);
    key(document.activeElement, "p");
    check("p goes back", document.activeElement === first);
    key(first, "Enter");
    check("Enter goes to the details", document.activeElement === details);
    key(details, "Escape");
    check("Escape goes back", document.activeElement === first);

    const other = [...drawing.querySelectorAll(".box")].find((box) => box !== first && box.classList.contains("buffer"));
    other.dispatchEvent(new MouseEvent("mouseenter"));
    check("hovering marks", other.classList.contains("near"));
    other.dispatchEvent(new MouseEvent("mouseleave"));
    click(other);
    check("a buffer shows its size", details.textContent.includes("bytes") && details.textContent.includes("Buffer"));

    const before = viewport.getAttribute("transform");
    click(byId("zoom-in"));
    const zoomed = viewport.getAttribute("transform");
    check("zooming", zoomed !== before);
    const { left, top } = drawing.getBoundingClientRect();
    const pointer = (type, x, y) => drawing.dispatchEvent(new PointerEvent(type, { clientX: left + x, clientY: top + y, buttons: 1, bubbles: true }));
    pointer("pointerdown", 20, 20);
    pointer("pointermove", 60, 50);
    pointer("pointerup", 60, 50);
    check("dragging", viewport.getAttribute("transform") !== zoomed);
    click(byId("zoom-fit"));
    const box = viewport.getBoundingClientRect();
    const frame = drawing.getBoundingClientRect();
    check("everything fits", box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1);

    const search = byId("search");
    search.value = report.optimized[id].op;
    search.dispatchEvent(new InputEvent("input", { bubbles: true }));
    check("searching finds", drawing.querySelectorAll(".found").length > 0 && byId("found").textContent.includes("found"));

    const tabs = [...document.querySelectorAll("[role=tab]")];
    for (const tab of tabs) {
      click(tab);
      const panel = byId(tab.getAttribute("aria-controls"));
      check(`tab ${tab.textContent}`, !panel.hidden && tabs.filter((one) => one.getAttribute("aria-selected") === "true").length === 1);
    }
    key(tabs[tabs.length - 1], "ArrowRight");
    check("arrows move between tabs", document.activeElement === tabs[0] && !byId("graph").hidden);
    click(byId("tab-passes"));
    check("passes show what changed", document.querySelector("#passes td.removed") && document.querySelector("#passes td.added"));
    click(byId("tab-memory"));
    const bar = document.querySelector("#memory .bar");
    if (bar) key(bar, "Enter");
    check("a bar of memory leads to its buffer", !bar || (!byId("graph").hidden && details.textContent.includes("Buffer")));
    click(byId("tab-source"));
    click(document.querySelector("[data-place]"));
    check("a source line marks its nodes", !byId("graph").hidden && drawing.querySelectorAll(".found").length > 0);

    const named = [...document.querySelectorAll("button, input, [role=button], svg[role], aside")].filter((element) => !element.closest("[aria-hidden]"));
    check("everything has a name", named.every((element) => (element.getAttribute("aria-label") || element.textContent).trim() !== ""));
    const clusters = [...drawing.querySelectorAll(".cluster")].map((cluster) => cluster.getBoundingClientRect());
    const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    check("clusters lie apart", clusters.every((a, k) => clusters.slice(k + 1).every((b) => apart(a, b))));
    click(byId("zoom-fit"));
    const inside = [...drawing.querySelectorAll(".node")].every((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return clusters.length === 0 || [...drawing.querySelectorAll(".cluster")].some((cluster) => {
        const c = cluster.getBoundingClientRect();
        return left >= c.left - 1 && right <= c.right + 1 && top >= c.top - 1 && bottom <= c.bottom + 1;
      });
    });
    check("nodes lie in clusters", inside);
    check("labels fit their boxes", [...drawing.querySelectorAll(".node, .buffer")].every((one) => {
      const rect = one.querySelector("rect").getBoundingClientRect();
      return [...one.querySelectorAll("text")].every((text) => text.getBoundingClientRect().width <= rect.width + 1);
    }));
    check("nothing comes from outside", performance.getEntriesByType("resource").length === 0);
  } catch (error) {
    outcome[`threw: ${error.message}`] = false;
  }
  const pre = document.createElement("pre");
  pre.id = "outcome";
  pre.textContent = JSON.stringify(outcome);
  document.body.append(pre);
})();

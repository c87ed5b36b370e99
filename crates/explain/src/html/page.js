"use strict";
(() => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const plan = report.plan || { steps: [], buffers: [], decisions: [] };
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const drawing = byId("drawing");
  const viewport = byId("viewport");
  const details = byId("details");
  // In the order of reading: from top to bottom, from left to right.
  const corner = (box, name) => Number(box.firstElementChild.getAttribute(name));
  const boxes = [...drawing.querySelectorAll(".box")].sort((a, b) => corner(a, "y") - corner(b, "y") || corner(a, "x") - corner(b, "x"));
  const edges = [...drawing.querySelectorAll(".edge")];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  root.classList.add("js");

  // Tabs: one section at a time, chosen by click or by arrow keys.
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const openTab = (tab, focus) => {
    for (const other of tabs) {
      const open = other === tab;
      other.setAttribute("aria-selected", String(open));
      other.tabIndex = open ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = !open;
    }
    if (focus) tab.focus();
  };
  tabs.forEach((tab, k) => {
    tab.addEventListener("click", () => openTab(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      openTab(tabs[(to + tabs.length) % tabs.length], true);
    });
  });
  const showGraph = () => openTab(tabs[0]);

  // What is drawn in view: a translation and a scale.
  const overview = byId("overview");
  const seen = byId("seen");
  const size = { width: Number(drawing.dataset.width), height: Number(drawing.dataset.height) };
  const view = { x: 0, y: 0, scale: 1 };
  const frame = () => drawing.getBoundingClientRect();
  const apply = () => {
    viewport.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    const { width, height } = frame();
    const part = { x: -view.x / view.scale, y: -view.y / view.scale, width: width / view.scale, height: height / view.scale };
    for (const [name, value] of Object.entries(part)) seen.setAttribute(name, value);
    const all = part.x <= 0 && part.y <= 0 && part.x + part.width >= size.width && part.y + part.height >= size.height;
    overview.style.display = all ? "none" : "";
  };
  const SMALLEST = 0.002;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const fit = () => {
    const { width, height } = frame();
    view.scale = clamp(Math.min(width / size.width, height / size.height), SMALLEST, 1.25);
    view.x = (width - size.width * view.scale) / 2;
    view.y = Math.max(0, (height - size.height * view.scale) / 2);
    apply();
  };
  // Text that can be read matters more than seeing everything.
  const readable = () => {
    fit();
    if (view.scale >= 0.55) return;
    view.scale = 0.75;
    view.y = 8;
    const first = boxes[0];
    view.x = frame().width / 2 - (corner(first, "x") + corner(first, "width") / 2) * view.scale;
    apply();
  };
  const zoom = (factor, x = frame().width / 2, y = frame().height / 2) => {
    const scale = clamp(view.scale * factor, SMALLEST, 6);
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    apply();
  };
  const reveal = (box) => {
    const { width, height } = frame();
    const rect = box.firstElementChild;
    const number = (name) => Number(rect.getAttribute(name));
    const x = (number("x") + number("width") / 2) * view.scale + view.x;
    const y = (number("y") + Math.min(number("height"), 80) / 2) * view.scale + view.y;
    if (x > 60 && x < width - 60 && y > 40 && y < height - 40) return;
    view.x += width / 2 - x;
    view.y += height / 2 - y;
    apply();
  };
  byId("zoom-in").addEventListener("click", () => zoom(1.25));
  byId("zoom-out").addEventListener("click", () => zoom(0.8));
  byId("zoom-fit").addEventListener("click", fit);
  drawing.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = frame();
    zoom(Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
  }, { passive: false });
  let drag = null;
  drawing.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX - view.x, y: event.clientY - view.y };
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!drag || event.buttons === 0) return;
    view.x = event.clientX - drag.x;
    view.y = event.clientY - drag.y;
    apply();
  });
  addEventListener("pointerup", () => { drag = null; });

  // The small drawing of everything moves the large one.
  const outline = (tag, box) => {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name of ["x", "y", "width", "height"]) rect.setAttribute(name, corner(box, name));
    rect.setAttribute("class", `${box.getAttribute("class").replace("box ", "")} small`);
    rect.style.setProperty("--hue", box.style.getPropertyValue("--hue"));
    return rect;
  };
  overview.prepend(...boxes.filter((box) => !box.classList.contains("node")).map((box) => outline("rect", box)));
  const moveTo = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(overview.getScreenCTM().inverse());
    view.x = frame().width / 2 - at.x * view.scale;
    view.y = frame().height / 2 - at.y * view.scale;
    apply();
  };
  overview.addEventListener("pointerdown", moveTo);
  overview.addEventListener("pointermove", (event) => { if (event.buttons) moveTo(event); });

  // Neighbours of a box: those that an edge joins with it.
  const joined = (id) => edges.filter((edge) => edge.dataset.from === id || edge.dataset.to === id);
  const mark = (id) => {
    for (const item of drawing.querySelectorAll(".near")) item.classList.remove("near");
    if (!id) return;
    for (const edge of joined(id)) {
      edge.classList.add("near");
      for (const end of [edge.dataset.from, edge.dataset.to]) byId(end)?.classList.add("near");
    }
  };

  // Details.
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const bytes = (size) => typeof size === "number" ? `${size.toLocaleString("en")} bytes` : `${size} bytes`;
  const link = (text, id) => {
    const button = make("button", text, { class: "link", type: "button", "data-go": id });
    button.addEventListener("click", () => { showGraph(); choose(id, true); });
    return button;
  };
  const boxOf = (node) => boxes.find((box) => box.dataset.node === String(node))?.id;
  const nodeLink = (id) => link(`%${id} ${report.optimized[id].op}`, boxOf(id) || "");
  const bufferLink = (id) => link(plan.buffers[id].name, `buffer-${id}`);
  const stepLink = (id) => link(`step ${id}: ${plan.steps[id].name}`, `step-${id}`);
  const facts = (pairs) => {
    const list = make("dl");
    for (const [name, value] of pairs) {
      const values = Array.isArray(value) ? value : [value];
      if (values.length === 0 || values[0] === undefined || values[0] === null || values[0] === "") continue;
      list.append(make("dt", name));
      const cell = make("dd");
      cell.append(...values);
      list.append(cell);
    }
    return list;
  };
  const choices = (concerns) => {
    const list = make("ul", undefined, { class: "plain" });
    for (const choice of plan.decisions.filter(concerns)) {
      const text = `${choice.choice} ${choice.subject}: ${choice.reason} (${choice.effect} ${bytes(choice.bytes)})`;
      list.append(make("li", text, { class: choice.taken ? "taken" : "refused" }));
    }
    return list.children.length ? [make("h3", "Decisions"), list] : [];
  };
  const loops = (step) => {
    const list = make("ul", undefined, { class: "plain" });
    for (const choice of step.loops) {
      const of = (choice.extent === null ? "" : ` of ${choice.extent}`) + (choice.part === null ? "" : ` by ${choice.part}`);
      list.append(make("li", `${choice.choice} ${choice.subject}${of}: ${choice.reason}`, { class: choice.taken ? "taken" : "refused" }));
    }
    return list.children.length ? [make("h3", "Loops"), list] : [];
  };
  const code = (step) => [["Kernel", step.kernel], ["CLIF", step.clif], ["Assembly", step.asm]].filter(([, text]) => text)
    .map(([title, text]) => {
      const element = make("details", undefined, { "data-code": title.toLowerCase() });
      if (title === "Kernel") element.open = true;
      element.append(make("summary", `${title} of ${step.name}`), make("pre", text, { tabindex: "0", "aria-label": `${title} of ${step.name}` }));
      return element;
    });
  const ofNode = (id, stepNumber) => {
    const node = report.optimized[id];
    const users = report.optimized.filter((other) => other.inputs.includes(id)).map((other) => other.id);
    const buffers = plan.buffers.filter((buffer) => buffer.nodes.includes(id)).map((buffer) => buffer.number);
    const step = plan.steps[stepNumber];
    return [
      make("h2", `%${id} ${node.op}`),
      make("pre", node.text),
      facts([
        ["Source", node.places.join(", ")],
        ["Kernel", step && report.plan ? [stepLink(stepNumber)] : []],
        ["Buffers", buffers.map(bufferLink)],
        ["If stored", bytes(node.bytes)],
        ["Takes", [...new Set(node.inputs)].map(nodeLink)],
        ["Used by", users.map(nodeLink)],
      ]),
      ...choices((choice) => choice.producer === id || choice.consumer === id),
      ...(step ? code(step) : []),
    ];
  };
  const strip = (one) => {
    const shape = one.elements ? `, ${one.elements} elements a step, ${one.steps} steps an iteration` : "";
    const along = one.axis === null ? "" : ` along ${one.axis}`;
    return `strip ${one.strip}${along}: ${one.back_end}, ${one.bits} bits${shape}${one.reason ? `: ${one.reason}` : ""}`;
  };
  const ofStep = (number) => {
    const step = plan.steps[number];
    const ms = (value) => `${value.toFixed(4)} ms`;
    return [
      make("h2", `Step ${number}: ${step.kind === step.name ? step.kind : `${step.kind} ${step.name}`}`),
      facts([
        ["Reads", step.reads.map(bufferLink)],
        ["Writes", step.writes.map(bufferLink)],
        ["Moves", step.traffic ? `${bytes(step.traffic.read)} in, ${bytes(step.traffic.written)} out` : ""],
        ["Operations", step.operations.map((one) => make("div", `${one.elements.toLocaleString("en")} ${one.operation}, ${one.bits} bits`))],
        ["Strips", step.strips.map((one) => make("div", strip(one)))],
        ["Code", step.code ? (step.code.cached ? "compiled before" : `compiled in ${ms(step.code.milliseconds)}`) : ""],
        ["Limit", step.limit ? ms(Math.max(step.limit.moving_milliseconds, step.limit.computing_milliseconds)) : ""],
        ["Measured", step.measured ? ms(step.measured.milliseconds) + (step.measured.fraction ? `, ${step.measured.fraction.toFixed(2)} of the limit` : "") : ""],
        ["Computes", step.nodes.map(nodeLink)],
      ]),
      ...loops(step),
      ...choices((choice) => step.nodes.includes(choice.producer) || step.nodes.includes(choice.consumer)),
      ...code(step),
    ];
  };
  const ofBuffer = (number) => {
    const buffer = plan.buffers[number];
    const steps = (list) => plan.steps.filter((step) => step[list].includes(number)).map((step) => stepLink(step.number));
    return [
      make("h2", `Buffer ${buffer.name}`),
      facts([
        ["Type", `${buffer.dtype}[${buffer.shape.join(",")}]`],
        ["Kind", buffer.kind],
        ["Size", bytes(buffer.bytes)],
        ["Why", buffer.reason],
        ["Lives", buffer.steps ? `steps ${buffer.steps[0]} to ${buffer.steps[1]}` : ""],
        ["In place of", buffer.in_place_of === null ? [] : [bufferLink(buffer.in_place_of)]],
        ["Shares memory with", buffer.shares.map(bufferLink)],
        ["Written by", steps("writes")],
        ["Read by", steps("reads")],
        ["Holds", buffer.nodes.map(nodeLink)],
      ]),
      ...choices((choice) => !choice.taken && buffer.nodes.includes(choice.producer)),
    ];
  };
  const describe = (id) => {
    const [kind, number, step] = id.split("-");
    const parts = kind === "node" ? ofNode(Number(number), Number(step)) : kind === "step" ? ofStep(Number(number)) : ofBuffer(Number(number));
    details.replaceChildren(...parts);
  };

  // One box is chosen; it alone is a stop of the Tab key.
  let chosen = null;
  const choose = (id, focus) => {
    const box = byId(id);
    const [kind, number] = id.split("-");
    if (!box && kind !== "buffer") return;
    if (kind === "buffer" && !plan.buffers[Number(number)]) return;
    chosen?.classList.remove("chosen");
    chosen?.setAttribute("aria-pressed", "false");
    for (const other of boxes) other.tabIndex = -1;
    chosen = box;
    if (box) {
      box.classList.add("chosen");
      box.setAttribute("aria-pressed", "true");
      box.tabIndex = 0;
      reveal(box);
      if (focus) box.focus({ preventScroll: true });
    } else if (boxes[0]) boxes[0].tabIndex = 0;
    mark(id);
    describe(id);
    history.replaceState(null, "", `#${id}`);
  };
  const middle = (box) => {
    const rect = box.firstElementChild;
    const number = (name) => Number(rect.getAttribute(name));
    return [number("x") + number("width") / 2, number("y") + Math.min(number("height"), 40) / 2];
  };
  // The neighbour in a direction: along an edge first, else the nearest box there.
  const step = (from, key) => {
    const [x, y] = middle(from);
    const there = { ArrowDown: (dx, dy) => dy > 4, ArrowUp: (dx, dy) => dy < -4, ArrowRight: (dx, dy) => dx > 4 && Math.abs(dy) < 60, ArrowLeft: (dx, dy) => dx < -4 && Math.abs(dy) < 60 }[key];
    const near = new Set(joined(from.id).flatMap((edge) => [edge.dataset.from, edge.dataset.to]));
    const ranked = boxes.filter((box) => box !== from).map((box) => {
      const [bx, by] = middle(box);
      const vertical = key === "ArrowDown" || key === "ArrowUp";
      const away = Math.abs(bx - x) * (vertical ? 1 : 0.7) + Math.abs(by - y);
      return { box, away: away - (vertical && near.has(box.id) ? 1e6 : 0), fits: there(bx - x, by - y) };
    }).filter((one) => one.fits).sort((a, b) => a.away - b.away);
    return ranked[0]?.box;
  };
  for (const box of boxes) {
    box.addEventListener("click", (event) => { event.stopPropagation(); choose(box.id, true); });
    box.addEventListener("mouseenter", () => mark(box.id));
    box.addEventListener("mouseleave", () => mark(chosen?.id));
    box.addEventListener("focus", () => { if (box !== chosen) choose(box.id); });
    box.addEventListener("keydown", (event) => {
      const k = boxes.indexOf(box);
      const to = event.key === "Home" ? boxes[0] : event.key === "End" ? boxes[boxes.length - 1]
        : event.key === "n" ? boxes[k + 1] : event.key === "p" ? boxes[k - 1]
        : event.key.startsWith("Arrow") ? step(box, event.key) : undefined;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(box.id); details.focus(); }
      if (event.key === "+" || event.key === "=") zoom(1.25);
      if (event.key === "-") zoom(0.8);
      if (event.key === "0") fit();
      if (!to) return;
      event.preventDefault();
      choose(to.id, true);
    });
  }
  details.addEventListener("keydown", (event) => { if (event.key === "Escape") chosen?.focus(); });
  for (const element of document.querySelectorAll("[data-go]")) {
    const go = () => { showGraph(); choose(element.dataset.go, true); };
    element.addEventListener("click", go);
    if (element.tagName !== "BUTTON") {
      element.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(); } });
    }
  }
  // A source line marks all that was written there.
  for (const element of document.querySelectorAll("[data-place]")) {
    element.addEventListener("click", () => {
      showGraph();
      const place = element.dataset.place;
      const found = new Set(report.optimized.filter((node) => node.places.includes(place)).map((node) => String(node.id)));
      highlight((box) => found.has(box.dataset.node), place);
    });
  }
  const highlight = (test, what) => {
    let first = null;
    let count = 0;
    for (const box of boxes) {
      const hit = test(box);
      box.classList.toggle("found", hit);
      if (hit) { count += 1; first = first || box; }
    }
    byId("found").textContent = what ? `${count} found for ${what}` : "";
    if (first) choose(first.id);
  };
  byId("search").addEventListener("input", (event) => {
    const text = event.target.value.trim().toLowerCase();
    highlight((box) => text !== "" && box.getAttribute("aria-label").toLowerCase().includes(text), text);
  });

  openTab(tabs[0]);
  readable();
  if (boxes[0]) boxes[0].tabIndex = 0;
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (byId(wanted)?.classList.contains("box")) choose(wanted);
  else if (byId("step-0")) describe("step-0");
  const section = tabs.find((tab) => tab.getAttribute("aria-controls") === wanted);
  if (section) openTab(section);
  addEventListener("resize", () => { if (!chosen) readable(); });
  root.dataset.ready = String(still.matches ? "still" : "moving");
})();

// Points of runs in training on canvases over the figure of the comparison. Positions glide from frame to frame.
const GLIDE_MS = 300;
const FRAME_MS = 100; // the processor that draws may be the one that trains

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function element(parent, name, style) {
  const made = document.createElement(name);
  made.style.cssText = style;
  parent.appendChild(made);
  return made;
}

function makePanel(root) {
  const box = element(root, "div", "position:absolute;pointer-events:none;overflow:hidden");
  box.className = "semafo-live";
  const canvas = element(box, "canvas", "position:absolute;inset:0;width:100%;height:100%");
  const track = element(box, "div", "position:absolute;left:0;right:0;top:0;height:3px;background:rgba(138,148,160,.25)");
  const bar = element(track, "div", "height:100%;width:0;transition:width .8s linear");
  const line = element(root, "div", "position:absolute;pointer-events:none;font-size:11px;line-height:15px;color:inherit");
  const below = element(root, "div", "position:absolute;pointer-events:none;overflow:hidden;font-size:12px;color:inherit");
  return { box, canvas, bar, line, below, stamp: null, from: null, to: null, since: 0 };
}

function place(panel, given) {
  Object.assign(panel.box.style, {
    left: given.left, width: given.width, top: `${given.top}px`, height: `${given.height}px`,
  });
  // Two lines below the column's name, where its scores will stand.
  Object.assign(panel.line.style, { left: given.left, width: given.width, top: `${given.top - 38}px` });
  Object.assign(panel.below.style, {
    left: given.left, width: given.width, top: `${given.below}px`, height: `${given.belowHeight}px`,
  });
  panel.bar.style.width = `${100 * given.fraction}%`;
  panel.bar.style.background = given.colour;
  panel.line.textContent = given.line;
  panel.below.replaceChildren(...given.terms.map(([name, value]) => {
    const row = document.createElement("div");
    row.style.cssText = "display:flex;justify-content:space-between;max-width:190px;margin:2px 0 0 24px;opacity:.8";
    for (const text of [name, value]) row.appendChild(document.createElement("span")).textContent = text;
    return row;
  }));
}

function receive(panel, given, steps) {
  if (!given.stamp || given.stamp === panel.stamp) return;
  const xy = Array.from(new Int16Array(bytes(given.xy).buffer), (value) => value / steps);
  const isSame = panel.to && panel.to.length === xy.length;
  panel.from = isSame ? shown(panel, performance.now()) : xy;
  Object.assign(panel, { to: xy, codes: bytes(given.codes), colours: given.colours, stamp: given.stamp, since: performance.now() });
  panel.box.dataset.stamp = given.stamp;
  panel.box.dataset.positions = xy.slice(0, 8).map((value) => value.toFixed(4)).join(" ");
}

function shown(panel, now) {
  const t = Math.min(1, (now - panel.since) / GLIDE_MS), s = t * t * (3 - 2 * t);
  return t >= 1 ? panel.to : panel.to.map((value, i) => panel.from[i] + s * (value - panel.from[i]));
}

function draw(panel, reach, ring) {
  const { clientWidth: width, clientHeight: height } = panel.box, scale = window.devicePixelRatio || 1;
  if (!width || !panel.to) return;
  if (panel.canvas.width !== Math.round(width * scale)) {
    panel.canvas.width = Math.round(width * scale);
    panel.canvas.height = Math.round(height * scale);
  }
  const pen = panel.canvas.getContext("2d"), half = Math.min(width, height) / 2;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.strokeStyle = ring;
  pen.globalAlpha = 0.35;
  pen.beginPath();
  pen.arc(width / 2, height / 2, (2 / reach) * half, 0, 2 * Math.PI);
  pen.stroke();
  pen.globalAlpha = 0.75;
  const xy = shown(panel, performance.now());
  for (let i = 0; i < panel.codes.length; i++) {
    pen.fillStyle = panel.colours[panel.codes[i]];
    pen.fillRect(width / 2 + xy[2 * i] * half - 1.2, height / 2 - xy[2 * i + 1] * half - 1.2, 2.4, 2.4);
  }
}

export default function (component) {
  const { data, parentElement: root } = component;
  const state = (root.semafo ??= { panels: new Map(), frame: 0 });
  const ids = new Set(data.panels.map((given) => given.id));
  for (const [id, panel] of state.panels) {
    if (!ids.has(id)) {
      for (const part of [panel.box, panel.line, panel.below]) part.remove();
      state.panels.delete(id);
    }
  }
  for (const given of data.panels) {
    if (!state.panels.has(given.id)) state.panels.set(given.id, makePanel(root));
    const panel = state.panels.get(given.id);
    place(panel, given);
    receive(panel, given, data.steps);
  }
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const until = performance.now() + (still ? 0 : GLIDE_MS + 50);
  cancelAnimationFrame(state.frame);
  let drawn = -FRAME_MS;
  const step = () => {
    const now = performance.now(), isLast = now >= until;
    if (isLast || now - drawn >= FRAME_MS) {
      drawn = now;
      for (const panel of state.panels.values()) {
        if (still) panel.since = -GLIDE_MS;
        draw(panel, data.reach, data.ring);
      }
    }
    if (!isLast) state.frame = requestAnimationFrame(step);
  };
  step();
  return () => cancelAnimationFrame(state.frame);
}

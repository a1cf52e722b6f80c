// Some figures as plots, in SVG made by hand: a line for each subject over one circumstance, such as callers or the number
// of a turn. Both axes are logarithmic where the values span more than a decade. Pure.
import { grouped } from './grouped.ts';
import type { Figure } from './measure.ts';

export interface Plot {
  readonly name: string;
  readonly svg: string;
}

/** Which figures make a plot: by name, over a circumstance; the other circumstances are those given. */
export interface Drawn {
  /** lower-kebab-case; ends the name of the file. */
  readonly name: string;
  readonly title: string;
  readonly figure: string;
  readonly over: string;
  readonly where: Figure['at'];
}

const DRAWN: readonly Drawn[] = [
  {
    ...{ name: 'p50', title: 'Turn, p50 in ms, a model of 0 ms', figure: 'turn_p50_ms' },
    ...{ over: 'callers', where: { model_ms: 0 } },
  },
  {
    ...{ name: 'turns-per-s', title: 'Turns a second, a model of 0 ms', figure: 'turns_per_s' },
    ...{ over: 'callers', where: { model_ms: 0 } },
  },
  {
    ...{ name: 'overhead', title: 'Beyond a model of 500 ms, p95 in ms a turn', figure: 'overhead_per_turn_p95_ms' },
    ...{ over: 'callers', where: { model_ms: 500 } },
  },
  {
    ...{ name: 'cpu', title: 'Processor time a turn, ms, a model of 0 ms', figure: 'cpu_ms_per_turn' },
    ...{ over: 'callers', where: { model_ms: 0 } },
  },
  {
    ...{ name: 'growth', title: 'A turn of one conversation, p50 in ms', figure: 'growth_turn_p50_ms' },
    ...{ over: 'turn', where: {} },
  },
];

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Those for which there is more than one point. */
export function plotsOf(figures: readonly Figure[], all: readonly Drawn[] = DRAWN): readonly Plot[] {
  return all.flatMap((drawn) => {
    const own = figures.filter(({ name, at }) => name === drawn.figure && isWhere(at, drawn));
    const lines = [...grouped(own, ({ subject }) => subject)].map(([subject, some]) => {
      const points = some.map(({ at, value }): Point => ({ x: Number(at[drawn.over]), y: value }));
      return { subject, points: points.filter(isDrawable).toSorted((one, other) => one.x - other.x) };
    });
    const hasMore = new Set(lines.flatMap(({ points }) => points.map(({ x }) => x))).size > 1;
    return hasMore ? [{ name: drawn.name, svg: draw(drawn, lines) }] : [];
  });
}

const isWhere = (at: Figure['at'], { over, where }: Drawn): boolean =>
  over in at && Object.entries(where).every(([name, value]) => at[name] === value);

const isDrawable = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 160;
const TOP = 40;
const BOTTOM = 50;
// Told apart by people with any eyes (Okabe and Ito), darkest first.
const COLOURS = ['#000000', '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const DECADE = 10;

interface Line {
  readonly subject: string;
  readonly points: readonly Point[];
}

interface Axis {
  readonly ticks: readonly number[];
  /** From 0 to 1. */
  place(value: number): number;
}

function axisOf(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least > 0 && most / least > DECADE) {
    const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
    const ticks = Array.from({ length: to - from + 1 }, (_, at) => DECADE ** (from + at));
    return { ticks, place: (value) => (Math.log10(value) - from) / Math.max(to - from, 1) };
  }
  const step = stepOf(most);
  const top = Math.max(Math.ceil(most / step), 1) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, at) => at * step);
  return { ticks, place: (value) => value / top };
}

/** 1, 2 or 5 times a power of ten, so that some five fit. */
function stepOf(most: number): number {
  const rough = Math.max(most, Number.EPSILON) / 5;
  const power = DECADE ** Math.floor(Math.log10(rough));
  return ([1, 2, 5].find((times) => times * power >= rough) ?? DECADE) * power;
}

function draw({ title, over }: Drawn, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const [across, up] = [axisOf(points.map(({ x }) => x)), axisOf(points.map(({ y }) => y))];
  const at = ({ x, y }: Point) => ({
    x: LEFT + across.place(x) * (WIDTH - LEFT - RIGHT),
    y: HEIGHT - BOTTOM - up.place(y) * (HEIGHT - TOP - BOTTOM),
  });
  const xs = [...new Set(points.map(({ x }) => x))];
  const parts = [
    text({ x: LEFT, y: TOP / 2 }, title, 'start', 15),
    text({ x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - BOTTOM / 4 }, over.replaceAll('_', ' ')),
    ...up.ticks.flatMap((tick) => {
      const y = HEIGHT - BOTTOM - up.place(tick) * (HEIGHT - TOP - BOTTOM);
      return [rule({ x: LEFT, y }, { x: WIDTH - RIGHT, y }), text({ x: LEFT - 6, y: y + 4 }, shown(tick), 'end')];
    }),
    ...xs.map((x) => text({ x: at({ x, y: 0 }).x, y: HEIGHT - BOTTOM + 18 }, shown(x))),
    ...lines.flatMap((line, nth) => lineOf(line, nth, at)),
  ];
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  const ground = `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif">\n${[ground, ...parts].join('\n')}\n</svg>\n`;
}

function lineOf({ subject, points }: Line, nth: number, at: (point: Point) => Point): readonly string[] {
  const colour = COLOURS[nth % COLOURS.length]!;
  const path = points.map(at).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`);
  const y = TOP + 10 + nth * 18;
  return [
    `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points
      .map(at)
      .map(({ x, y: cy }) => `<circle cx="${x.toFixed(1)}" cy="${cy.toFixed(1)}" r="3" fill="${colour}"/>`),
    `<rect x="${WIDTH - RIGHT + 14}" y="${y - 8}" width="10" height="10" fill="${colour}"/>`,
    text({ x: WIDTH - RIGHT + 30, y: y + 1 }, subject, 'start'),
  ];
}

const rule = (from: Point, to: Point): string =>
  `<line x1="${from.x}" y1="${from.y.toFixed(1)}" x2="${to.x}" y2="${to.y.toFixed(1)}" stroke="#dddddd"/>`;

function text({ x, y }: Point, words: string, anchor = 'middle', size = 12): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}">${safe}</text>`;
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));

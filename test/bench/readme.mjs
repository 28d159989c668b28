import { readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';

const BEGIN = '<!-- figures: written by npm run bench -->';
const END = '<!-- end of figures -->';

/** Replaces the tables between the two marks. */
export async function writeFigures(path, figures) {
  const text = await readFile(path, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${path} has no place for the figures`);
  await writeFile(path, `${before}${BEGIN}\n\n${machine()}\n\n${table(figures)}\n\n${END}${after}`);
}

function machine() {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GB`;
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${memory}.`;
}

function table(figures) {
  const rows = figures.map(({ name, value, unit, baseline, goal }) => {
    const ratio = baseline === undefined ? undefined : value / baseline.value;
    const reached =
      goal === undefined ? '' : (ratio ?? value) <= goal ? `≤ ${shown(goal)}` : `**missed: ≤ ${shown(goal)}**`;
    const against = baseline === undefined ? '' : `${baseline.name}: ${shown(baseline.value)} ${unit}`;
    return `| ${name} | ${shown(value)} ${unit} | ${against} | ${ratio === undefined ? '' : ratio.toFixed(2)} | ${reached} |`;
  });
  return ['| figure | here | held against | ratio | goal |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function shown(value) {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Text from outside is data: control characters go, and so does what is beyond the cap. Newlines and tabs become spaces. */
export function clean(text: string, max: number): string {
  const plain = stripControls(text).replace(/\s+/g, ' ').trim();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).trimEnd()}…`;
}

/** Like `clean`, for text whose line breaks matter (a prompt). */
export function stripControls(text: string): string {
  // C0 and C1 controls but for tab, newline and carriage return; bidi overrides and other invisible format marks.
  return text.replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) =>
    char === '\t' || char === '\n' || char === '\r' ? char : '',
  );
}

/** How many single-character edits lie between two strings; stops counting beyond `limit`. */
export function editDistance(a: string, b: string, limit = 8): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, substitution));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** The candidates most like `wanted`, best first; only those that a person could have meant. */
export function nearest(wanted: string, candidates: Iterable<string>, count = 3): string[] {
  const target = wanted.toLowerCase();
  const scored: { candidate: string; score: number }[] = [];
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const contained = other.includes(target) || target.includes(other);
    const score = contained ? 0.5 : editDistance(target, other);
    if (score <= Math.max(2, target.length / 2)) scored.push({ candidate, score });
  }
  return scored
    .sort((a, b) => a.score - b.score || a.candidate.localeCompare(b.candidate))
    .slice(0, count)
    .map((entry) => entry.candidate);
}

/** A prefix code by symbol: `lengths[symbol]` bits, 0 where the symbol has none; `codes` are canonical. */
export interface PrefixCode {
  readonly lengths: Uint8Array;
  readonly codes: Uint32Array;
}

/** The shortest code for the given counts whose codes have at most `limit` bits. */
export function prefixCode(counts: readonly number[], limit: number): PrefixCode {
  let weights = counts.slice();
  let lengths = huffmanLengths(weights);
  // Flatter counts make a flatter tree; that is a little longer than the best limited code, and much simpler.
  while (Math.max(...lengths) > limit) {
    weights = weights.map((weight) => (weight > 0 ? (weight >> 2) + 1 : 0));
    lengths = huffmanLengths(weights);
  }
  return { lengths, codes: canonicalCodes(lengths) };
}

interface Node {
  readonly weight: number;
  readonly symbols: readonly number[];
}

function huffmanLengths(weights: readonly number[]): Uint8Array {
  const lengths = new Uint8Array(weights.length);
  let nodes: Node[] = weights.flatMap((weight, symbol) => (weight > 0 ? [{ weight, symbols: [symbol] }] : []));
  if (nodes.length === 1) lengths[nodes[0]!.symbols[0]!] = 1;
  while (nodes.length > 1) {
    nodes.sort((a, b) => a.weight - b.weight || a.symbols.length - b.symbols.length);
    const [a, b, ...rest] = nodes as [Node, Node, ...Node[]];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol]!++;
    nodes = [...rest, { weight: a.weight + b.weight, symbols }];
  }
  return lengths;
}

/** Shorter codes first, and among equals the lower symbol first. */
export function canonicalCodes(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= Math.max(...lengths); length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === length) codes[symbol] = code++;
    code <<= 1;
  }
  return codes;
}

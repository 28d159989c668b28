import type { Priority, Route } from '../domain/video.ts';
import type { Fit } from './fit.ts';

type Step = (fit: Fit) => number;

const price: Step = (fit) => fit.price?.amount ?? Number.POSITIVE_INFINITY;
const weight: Step = (fit) => -fit.candidate.profile.weight;
const onRoute =
  (preferred: Route): Step =>
  (fit) =>
    fit.candidate.profile.route === preferred ? 0 : 1;
// A character's own id goes before a reference video: it alone keeps the look, so it pins.
const likeness: Step = (fit) => (fit.characterMode === 'reference_video' ? 1 : 0);

// One that can be told the size goes before one that chooses it, where nothing that weighs more stands against it.
const sized: Step = (fit) => (fit.sizeIgnored ? 1 : 0);

const STEPS: { readonly [priority in Priority]: readonly Step[] } = {
  stability: [likeness, onRoute('forwarding'), sized, weight, price],
  cost: [likeness, price, sized, weight, onRoute('reverse')],
};

/** The best first; what is equal stays in the order of configuration. An unknown price comes after any known one. */
export function rank(priority: Priority, fits: readonly Fit[]): Fit[] {
  return [...fits].sort((a, b) => {
    for (const step of STEPS[priority]) {
      const [left, right] = [step(a), step(b)];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  });
}

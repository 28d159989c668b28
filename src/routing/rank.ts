import type { Priority, Route } from '../domain/video.ts';
import type { Fit } from './fit.ts';

type Step = (fit: Fit) => number;

const weight: Step = (fit) => -fit.candidate.profile.weight;
const onRoute =
  (preferred: Route): Step =>
  (fit) =>
    fit.candidate.profile.route === preferred ? 0 : 1;
// A character's own id goes before a reference video: it alone keeps the look, so it pins.
const likeness: Step = (fit) => (fit.characterMode === 'reference_video' ? 1 : 0);
// What was asked for goes before what it costs: a clip of the wrong size is no use.
const sized: Step = (fit) => (fit.sizeIgnored ? 1 : 0);

const STEPS: { readonly [priority in Priority]: (price: Step) => readonly Step[] } = {
  stability: (price) => [likeness, sized, onRoute('forwarding'), weight, price],
  cost: (price) => [likeness, sized, price, weight, onRoute('reverse')],
};

/** The best first; what is equal stays in the order of configuration. */
export function rank(priority: Priority, fits: readonly Fit[]): Fit[] {
  const steps = STEPS[priority](priceAmong(fits));
  return [...fits].sort((a, b) => {
    for (const step of steps) {
      const [left, right] = [step(a), step(b)];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  });
}

/**
 * An unknown price comes after any known one; but a reverse gateway's is taken to be just below what forwarding costs,
 * because to be cheaper is what it is for.
 */
function priceAmong(fits: readonly Fit[]): Step {
  const forwarding = fits.filter((fit) => fit.candidate.profile.route === 'forwarding');
  const official = Math.min(...forwarding.map((fit) => fit.price?.amount ?? Number.POSITIVE_INFINITY));
  return ({ price, candidate }) => {
    if (price !== undefined) return price.amount;
    return candidate.profile.route === 'reverse' ? official - 0.5 : Number.POSITIVE_INFINITY;
  };
}

// Prints how the polling schedule fares against a fixed 5 s poll. Simulated time: the figures are the same everywhere.
// Run: npx esbuild test/bench/polling.ts --bundle --platform=node --format=esm | node --input-type=module
import { pollingTable } from './polling-simulation.ts';

console.log(pollingTable());

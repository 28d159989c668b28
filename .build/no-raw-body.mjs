// Stands in for what the older SDK reads a request's body with, which brings 490 KB of character sets. The server never asks it: it
// reads every body itself, within its limits, and hands the message over (src/transports/sse-route.ts).
export default function getRawBody() {
  throw new Error('bodies are read by the server itself');
}

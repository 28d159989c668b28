// Stands in for the SDK's own choice of a JSON Schema validator, which brings 120 KB of Ajv to the server and again to the client.
// The server never asks it: it hands over a validator of its own (src/mcp/server.ts). The demo's client would check with it that the
// demo's server keeps to its own schemas, which the tests do.
export { default as process } from 'node:process';

export const CORS_IS_POSSIBLE = false;

export class DefaultJsonSchemaValidator {
  getValidator() {
    return (data) => ({ valid: true, data, errorMessage: undefined });
  }
}

// The MCP SDK describes its whole protocol in several hundred zod schemas and builds them all while it loads and at the first
// message, though a conversation uses a few dozen. In the bundle its modules get this in place of `zod/v4`: each call that would
// build a schema only notes how, and zod builds it, with whatever it consists of, when somebody first looks at it.
import * as zod from 'zod/v4';

export * from 'zod/v4';

// zod would compile each object schema at its first use with `new Function`: that takes longer than all that a conversation ever
// checks with it.
zod.config({ jitless: true });

/** What makes a new schema out of a schema and does nothing else. Any other property is a look at the real schema. */
const DERIVING = new Set([
  ...['array', 'catch', 'catchall', 'default', 'describe', 'extend', 'includes', 'int', 'loose', 'max', 'merge', 'min'],
  ...['nonnegative', 'nullable', 'omit', 'optional', 'or', 'partial', 'passthrough', 'pick', 'pipe', 'refine'],
  ...['startsWith', 'strict', 'strip', 'superRefine', 'toLowerCase', 'transform', 'trim', 'url'],
]);

/** Of those, the ones that leave an object's shape as it is. */
const SAME_SHAPE = new Set(['catchall', 'describe', 'loose', 'passthrough', 'refine', 'strict', 'strip', 'superRefine']);

/** By stand-in. */
const pending = new WeakMap();

class Pending {
  #make;
  #schema;
  shape;

  constructor(make, shape) {
    this.#make = make;
    this.shape = shape;
  }

  get built() {
    return this.#make === undefined;
  }

  schema() {
    if (!this.built) {
      this.#schema = this.#make();
      this.#make = undefined;
      this.shape = undefined;
    }
    return this.#schema;
  }
}

const LOOKS = {
  get(pending, key) {
    if (!pending.built) {
      // The SDK spreads shapes into others and lists their names while it loads; what was given as the shape serves for that.
      if (key === 'shape' && pending.shape !== undefined) return pending.shape;
      if (DERIVING.has(key)) {
        return (...args) => standIn(() => pending.schema()[key](...args.map(real)), shapeAfter(pending.shape, key, args));
      }
    }
    return pending.schema()[key];
  },
  set: (pending, key, value) => Reflect.set(pending.schema(), key, value),
  has: (pending, key) => key in pending.schema(),
  getPrototypeOf: (pending) => Object.getPrototypeOf(pending.schema()),
};

function shapeAfter(shape, key, [added]) {
  if (shape === undefined || SAME_SHAPE.has(key)) return shape;
  if (key === 'extend') return { ...shape, ...added };
  if (key === 'pick') return Object.fromEntries(Object.keys(added).map((name) => [name, shape[name]]));
  return undefined;
}

function standIn(make, shape) {
  const note = new Pending(make, shape);
  const proxy = new Proxy(note, LOOKS);
  pending.set(proxy, note);
  return proxy;
}

/** The value with real schemas in place of stand-ins, as deep as zod's arguments hold schemas. */
function real(value) {
  if (typeof value !== 'object' || value === null) return value;
  const note = pending.get(value);
  if (note !== undefined) return note.schema();
  if (Array.isArray(value)) return value.map(real);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, real(part)]));
}

const deferring =
  (make) =>
  (...args) =>
    standIn(() => make(...args.map(real)));

const deferringShape =
  (make) =>
  (shape = {}, ...rest) =>
    standIn(() => make(real(shape), ...rest), shape);

export const any = deferring(zod.any);
export const array = deferring(zod.array);
export const boolean = deferring(zod.boolean);
export const discriminatedUnion = deferring(zod.discriminatedUnion);
export const email = deferring(zod.email);
export const intersection = deferring(zod.intersection);
export const literal = deferring(zod.literal);
export const looseObject = deferringShape(zod.looseObject);
export const number = deferring(zod.number);
export const object = deferringShape(zod.object);
export const optional = deferring(zod.optional);
export const preprocess = deferring(zod.preprocess);
export const record = deferring(zod.record);
export const string = deferring(zod.string);
export const union = deferring(zod.union);
export const unknown = deferring(zod.unknown);
export const url = deferring(zod.url);
const nothing = deferring(zod.null);
const choice = deferring(zod.enum);
export { choice as enum, nothing as null };

export const lazy = (getter) => standIn(() => zod.lazy(() => real(getter())));

export const safeParse = (schema, ...rest) => zod.safeParse(real(schema), ...rest);
export const toJSONSchema = (schema, ...rest) => zod.toJSONSchema(real(schema), ...rest);

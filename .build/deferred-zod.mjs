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
const SAME_SHAPE = new Set([
  'catchall',
  'describe',
  'loose',
  'passthrough',
  'refine',
  'strict',
  'strip',
  'superRefine',
]);

/** What a stand-in answers with its note. */
const NOTE = Symbol('note');

class Note {
  constructor(make, shape) {
    this.make = make;
    this.shape = shape;
    this.schema = undefined;
  }

  build() {
    if (this.make !== undefined) {
      this.schema = this.make();
      this.make = undefined;
      this.shape = undefined;
    }
    return this.schema;
  }
}

const LOOKS = {
  get(note, key) {
    if (key === NOTE) return note;
    if (note.make !== undefined) {
      // The SDK spreads shapes into others and lists their names while it loads; what was given as the shape serves for that.
      if (key === 'shape' && note.shape !== undefined) return note.shape();
      if (DERIVING.has(key)) {
        return (...args) => standIn(() => note.build()[key](...args.map(real)), shapeAfter(note.shape, key, args[0]));
      }
    }
    return note.build()[key];
  },
  set: (note, key, value) => Reflect.set(note.build(), key, value),
  has: (note, key) => key in note.build(),
  getPrototypeOf: (note) => Object.getPrototypeOf(note.build()),
};

function standIn(make, shape) {
  return new Proxy(new Note(make, shape), LOOKS);
}

function shapeAfter(shape, key, given) {
  if (shape === undefined || SAME_SHAPE.has(key)) return shape;
  if (key === 'extend') return () => ({ ...shape(), ...given });
  if (key === 'pick') return () => Object.fromEntries(Object.keys(given).map((name) => [name, shape()[name]]));
  return undefined;
}

/** The value with real schemas in place of stand-ins, as deep as zod's arguments hold schemas. */
function real(value) {
  if (typeof value !== 'object' || value === null) return value;
  const note = value[NOTE];
  if (note !== undefined) return note.build();
  if (Array.isArray(value)) return value.map(real);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = real(value[key]);
  return copy;
}

/** The shape with a getter for each schema, as zod knows it from schemas that hold themselves: what is inside an object is built when
 * an object of that kind is checked. */
function realLater(shape) {
  const later = {};
  for (const key of Object.keys(shape)) {
    Object.defineProperty(later, key, { get: () => real(shape[key]), enumerable: true, configurable: true });
  }
  return later;
}

const deferring =
  (make) =>
  (...args) =>
    standIn(() => make(...args.map(real)));

const deferringShape =
  (make) =>
  (shape = {}, ...rest) =>
    standIn(
      () => make(realLater(shape), ...rest),
      () => shape,
    );

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

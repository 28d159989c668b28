import type * as z from 'zod/v4';
import type { Route } from '../../domain/video.ts';
import type { Dialect, FieldKey, Operation, OperationName } from './schema.ts';

/**
 * What the engine fills into an operation's query; into its path only the id, for the others may be missing. What a
 * list is not told is left out of it.
 */
const FILLED: Readonly<Record<OperationName, readonly string[]>> = {
  create: [],
  get: ['id'],
  list: ['after', 'limit'],
  delete: ['id'],
  content: ['id', 'variant'],
  remix: ['id'],
  edit: ['id'],
  extend: ['id'],
  createCharacter: [],
  extractCharacter: ['id'],
  getCharacter: ['id'],
  listCharacters: ['after', 'limit'],
  models: ['after', 'limit'],
};
/** Those whose facts go in a body; of all others the engine writes none of the `fields`. */
const WITH_BODY: ReadonlySet<OperationName> = new Set([
  'create',
  'remix',
  'edit',
  'extend',
  'createCharacter',
  'extractCharacter',
]);
/** Where something seems to be meant to be filled in. */
const PLACE = /\$?\{\s*([\w.-]+)\s*\}/;
const MENTIONED = ['id', 'username', 'name'];

type Complain = (path: readonly string[], message: string) => void;

/** What a shape cannot say: whatever would fail only when a job is paid for, or is looked for afterwards. */
export function judge(dialect: Dialect, wanted: Route | undefined, context: z.RefinementCtx): void {
  const { name, route, operations, models, defaults } = dialect;
  const complain: Complain = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  if (wanted !== undefined && route !== wanted) complain(['route'], `its backend's route is ${wanted}; leave this out`);
  for (const needed of ['create', 'get'] as const) {
    if (!operations[needed]) complain(['operations', needed], `the dialect ${name} has no ${needed} operation`);
  }
  if (models.length > 0 && !models.some(({ id }) => id === defaults.model)) {
    complain(['defaults', 'model'], `the default model of the dialect ${name} is not among its models`);
  }
  for (const [each, operation] of Object.entries(operations) as [OperationName, Operation][]) {
    judgeOperation(each, operation, (path, message) => complain(['operations', each, ...path], message));
  }
  judgeCharacters(dialect, complain);
}

function judgeOperation(name: OperationName, { method, path, query, fields }: Operation, complain: Complain): void {
  const places = FILLED[name];
  const needsId = places.includes('id');
  const hasBody = WITH_BODY.has(name);
  if (hasBody && method !== 'POST') complain(['method'], 'what it says goes in a body: write POST');
  if (name === 'content' && method !== 'GET') complain(['method'], 'a file is fetched with GET');
  if (/[?#]/.test(path)) complain(['path'], 'holds a ? or #: what follows a ? belongs into query');
  complainOfPlaces(['path'], path, needsId ? ['id'] : [], complain);
  for (const [key, text] of Object.entries(query)) complainOfPlaces(['query', key], text, places, complain);
  for (const [key, field] of Object.entries(fields) as [FieldKey, Operation['fields'][FieldKey]][]) {
    if (typeof field === 'object') {
      for (const text of textsIn(field.as)) complainOfPlaces(['fields', key, 'as'], text, placesOf(key), complain);
    }
  }
  // A wrong word in the path was complained of: the right one is missing because of it.
  const inPlace = PLACE.test(path) || Object.values(query).some((text) => text.includes('{id}'));
  const saysId = inPlace || (hasBody && fields.id !== undefined);
  if (needsId && !saysId) {
    const body = hasBody ? ', or say in fields.id what the body calls it' : '; a body of it is not written';
    complain(['path'], `does not say which one is meant: write {id} here or in query${body}`);
  }
}

function judgeCharacters({ mention, maxCharacters, operations }: Dialect, complain: Complain): void {
  // Where no video takes a character, none is mentioned.
  if (maxCharacters > 0) {
    complainOfPlaces(['mention'], mention, MENTIONED, complain);
    if (!PLACE.test(mention)) {
      complain(['mention'], 'says of no character which one it is: write {id}, {username} or {name} in it');
    }
  }
  const making = (['createCharacter', 'extractCharacter'] as const).find((each) => operations[each]);
  if (making && maxCharacters < 1) {
    complain(
      ['maxCharacters'],
      `operations.${making} makes characters that no video could have: say how many one takes, 1 or more`,
    );
  }
}

/** What is not filled in would go out as it stands. */
function complainOfPlaces(path: readonly string[], text: string, known: readonly string[], complain: Complain): void {
  for (const [place, name] of text.matchAll(new RegExp(PLACE, 'g'))) {
    if (known.includes(name!) && place === `{${name}}`) continue;
    const right = known.length === 0 ? 'nothing is' : `write ${known.map((each) => `{${each}}`).join(' or ')}`;
    complain(path, `${place.slice(0, 60)} is not filled in here; ${right}`);
  }
}

/** What stands for a field's value in its `as`. */
function placesOf(key: FieldKey): readonly string[] {
  switch (key) {
    case 'characters':
      return ['id', 'name', 'value'];
    case 'timestamps':
      return ['start', 'end', 'value'];
    default:
      return ['value'];
  }
}

function textsIn(template: unknown): readonly string[] {
  if (typeof template === 'string') return [template];
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(textsIn) : [];
}

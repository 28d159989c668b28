import * as z from 'zod/v4';
import { MODEL_STATUSES, type ModelOffer, type Rate } from '../../domain/models.ts';
import { ROUTES, type Size } from '../../domain/video.ts';

/** What a dialect can do; each has a method on the port. */
export const OPERATIONS = [
  'create',
  'get',
  'list',
  'delete',
  'content',
  'remix',
  'edit',
  'extend',
  'createCharacter',
  'extractCharacter',
  'getCharacter',
  'listCharacters',
  'models',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** The facts of a request that a dialect may give a name to. */
export const FIELDS = [
  'prompt',
  'model',
  'seconds',
  'size',
  'aspectRatio',
  'resolution',
  'characters',
  'referenceImage',
  'referenceVideo',
  'influenceStrength',
  'id',
  'name',
  'description',
  'video',
  'timestamps',
] as const;
export type FieldKey = (typeof FIELDS)[number];

/** Built at first use: most starts of the server never look at it. Also what a JSON Schema is printed from. */
export function dialectSchema() {
  built ??= build();
  return built;
}
let built: ReturnType<typeof build> | undefined;

/** What may stand in the configuration, for a JSON Schema: changes to one of the `shipped` dialects, or a whole one. */
export function inlineDialectSchema(shipped: readonly string[]) {
  const base = z.enum(shipped).describe('The shipped dialect that this one changes.');
  const changes = z
    .strictObject({ extends: base, ...changesOf(dialectSchema().shape) })
    .describe('Objects are merged into the shipped dialect, lists and values replaced; null takes a setting away.');
  const whole = dialectSchema().partial({ name: true, route: true });
  return z.union([changes, whole.describe("A whole dialect. Without a route it has its backend's.")]);
}

function changesOf(shape: z.core.$ZodLooseShape): z.core.$ZodLooseShape {
  return Object.fromEntries(
    Object.entries(shape).map(([key, value]) => [
      key,
      changeOf(value as z.ZodType)
        .nullable()
        .optional(),
    ]),
  );
}

/** What may be merged into a value of this kind. */
function changeOf(schema: z.ZodType): z.ZodType {
  const change = mergeable(schema);
  return schema.description === undefined ? change : change.describe(schema.description);
}

function mergeable(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return changeOf(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodObject) return z.strictObject(changesOf(schema.shape));
  if (schema instanceof z.ZodRecord) {
    return z.partialRecord(schema.keyType, changeOf(schema.valueType as z.ZodType).nullable());
  }
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map((each) => changeOf(each as z.ZodType)));
  return schema;
}

export type Dialect = z.output<ReturnType<typeof build>>;
export type Operation = NonNullable<Dialect['operations'][OperationName]>;
export type Field = Exclude<NonNullable<Operation['fields'][FieldKey]>, string>;

function build() {
  const paths = z.array(z.string()).describe('Places to look, in order: `id`, `data.output`, `videos[0].url`.');
  const text = z.string().min(1);
  const isoDate = z.iso.date();
  const header = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'is not the name of a header: write e.g. X-API-Key');
  // A regular expression, for a JSON Schema must be able to say it.
  const size = z.string().regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/, 'a size is WIDTHxHEIGHT') as unknown as z.ZodType<
    Size,
    Size
  >;

  const field = z.union([
    text.describe('The name on the wire; the value goes as it is.'),
    z.strictObject({
      name: text.describe('The name on the wire.'),
      type: z.enum(['string', 'integer', 'number']).optional().describe('The type on the wire. Default: as it is.'),
      as: z
        .unknown()
        .optional()
        .describe(
          'The shape on the wire; `{value}` stands for the value, of characters `{id}` and `{name}` for each, of timestamps `{start}` and `{end}`.',
        ),
      default: z.unknown().optional().describe('Sent when the request does not say.'),
      omit: z.array(z.string()).optional().describe('Values that are not sent: labels of ours for "the one it has".'),
      with: z
        .record(z.string(), z.unknown())
        .optional()
        .describe('Constant fields that go along when this one is sent.'),
      url: z
        .enum(['send', 'upload'])
        .default('send')
        .describe('Media given as an address: sent as it is, or fetched and uploaded.'),
      file: z.enum(['upload', 'data_url', 'refuse']).default('refuse').describe('Media given as a local file.'),
    }),
  ]);

  const operation = z.strictObject({
    method: z.enum(['GET', 'POST', 'DELETE']),
    path: z.string().startsWith('/').describe('Behind the base URL; `{id}` is URL-encoded.'),
    query: z
      .record(z.string(), z.string())
      .default({})
      .describe(
        'Query fields; `{id}` (of one job), `{after}` and `{limit}` (of lists) and `{variant}` (of content) are filled in, empty ones left out.',
      ),
    encoding: z
      .enum(['json', 'multipart'])
      .default('json')
      .describe('The body; JSON becomes multipart when a file must be uploaded.'),
    fields: z
      .partialRecord(z.enum(FIELDS), field)
      .default({})
      .describe('What the body says, of creates, revisions and the making of characters.'),
    constants: z.record(z.string(), z.unknown()).default({}).describe('Fields that are always sent.'),
    variants: z
      .array(z.enum(['video', 'thumbnail', 'spritesheet']))
      .default(['video'])
      .describe('For `content`: what it has.'),
  });

  const answer = z.strictObject({
    envelopes: paths
      .default([''])
      .describe(
        'Where the facts are: `` (the top), `data`, `results[0]`, `data.resultJson` (JSON in a string). The first that has a fact wins.',
      ),
    id: paths.default(['id', 'task_id']),
    getHasId: z
      .boolean()
      .default(true)
      .describe(
        'What `get` answers names the job. Then no answer without its id ends one: it may be an error in passing.',
      ),
    status: paths.default(['status', 'state']),
    statusWords: z
      .record(z.string(), z.enum(['queued', 'in_progress', 'completed', 'failed', 'expired']))
      .default({})
      .describe('Words beyond the common ones, in lower case. Any other word means still running.'),
    progress: paths.default(['progress']),
    progressScale: z
      .enum(['auto', 'percent', 'fraction'])
      .default('auto')
      .describe('`auto`: 36, "36%" and "36.0%" are percent, a number with decimals between 0 and 1 is a fraction.'),
    model: paths.default(['model']),
    prompt: paths.default(['prompt']),
    seconds: paths.default(['seconds', 'duration']),
    size: paths.default(['size']),
    createdAt: paths
      .default(['created_at', 'submit_time'])
      .describe('Unix seconds or milliseconds, told apart by their size, or ISO 8601.'),
    completedAt: paths.default(['completed_at', 'finish_time']),
    expiresAt: paths.default(['expires_at']),
    remixedFrom: paths.default(['remixed_from_video_id']),
    error: paths
      .default(['error', 'fail_reason', 'failMsg', 'error_message'])
      .describe('A text, or an object with code and message.'),
    file: paths
      .default(['content', 'url', 'video_url', 'content_url', 'metadata.url', 'videos[0].url', 'data.output', 'output'])
      .describe(
        'Where the video is, best first; `content` is the content operation. Relative addresses count from the base URL.',
      ),
    videos: paths.default(['data', 'videos']).describe('Where a list of jobs is.'),
    characters: paths.default(['characters', 'data']).describe('Where a list of characters is.'),
    characterId: paths.default(['id', 'character_id']),
    username: paths.default(['username']),
  });

  const limits = z.strictObject({
    createsPerMinute: z.number().positive().optional(),
    readsPerMinute: z.number().positive().optional(),
    concurrentJobs: z.number().int().positive().optional(),
    minPollMs: z
      .number()
      .int()
      .nonnegative()
      .default(10_000)
      .describe('No poll of one job sooner than this after the last.'),
    meanPollMs: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('What is to lie between polls of one job on average; absent: as minPollMs.'),
    linkLifetimeSeconds: z.number().int().positive().optional(),
    extensions: z.number().int().positive().optional().describe('How often a video can be extended.'),
    extendedSeconds: z.number().positive().optional().describe('How long a video may become by that.'),
  });

  const model = z.strictObject({
    id: text,
    status: z.enum(MODEL_STATUSES).default('unknown'),
    retiredOn: isoDate.optional(),
    replacement: text.optional(),
    sizes: z.array(size).default([]).describe('Empty: any.'),
    seconds: z.array(z.number().positive()).default([]).describe('Ascending; empty: any.'),
    source: text.optional(),
  }) satisfies z.ZodType<ModelOffer>;

  const rate = z.strictObject({
    model: text,
    shortSides: z.array(z.number().int().positive()).optional(),
    unit: z.enum(['second', 'video']),
    usd: z.number().nonnegative(),
    source: text,
    asOf: isoDate,
    confidence: z.enum(['exact', 'estimated']),
  }) satisfies z.ZodType<Rate>;

  return z.strictObject({
    $schema: z.string().optional(),
    name: text.describe('How the configuration calls it.'),
    title: text.optional(),
    route: z.enum(ROUTES),
    unofficial: z.boolean().default(false).describe('No vendor stands behind the protocol.'),
    sources: z
      .array(z.strictObject({ what: text, link: z.url().optional() }))
      .default([])
      .describe('Where each deviation is known from.'),
    auth: z
      .discriminatedUnion('scheme', [
        z.strictObject({ scheme: z.enum(['bearer', 'bare']) }),
        z.strictObject({ scheme: z.literal('header'), header }),
      ])
      .default({ scheme: 'bearer' })
      .describe('`Authorization: Bearer KEY`, `Authorization: KEY`, or another header.'),
    pathsFrom: z
      .enum(['base', 'host'])
      .default('base')
      .describe('`host`: paths lie outside /v1; a /v1 at the end of the base URL is taken off.'),
    operations: z
      .partialRecord(z.enum(OPERATIONS), operation)
      .describe('What is not here, this kind of server does not do.'),
    answer: answer.prefault({}),
    mention: z
      .string()
      .default('{name}')
      .describe('What a prompt must contain: `@{id}`, `@{username}`, `@{{username}}` or `{name}`.'),
    maxCharacters: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe('In one video; 0: characters are not understood. At least 1 where they are made.'),
    characterClipSeconds: z.tuple([z.number().nonnegative(), z.number().positive()]).optional(),
    characterClipSides: z
      .tuple([z.number().nonnegative(), z.number().positive()])
      .optional()
      .describe('Pixels of the shorter side, at least and at most.'),
    characterClipRatios: z.array(z.enum(['16:9', '9:16', '1:1'])).optional(),
    characterUsd: z.number().nonnegative().optional().describe('Dollars for making one character; absent: unknown.'),
    limits: limits.prefault({}),
    models: z.array(model).default([]).describe('Empty: whatever the server was given, unknown here.'),
    defaults: z.strictObject({ model: text, seconds: z.number().positive(), size: size.optional() }),
    rates: z.array(rate).default([]),
  });
}

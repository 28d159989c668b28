import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod/v4';

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A header without a single sample. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=';

const text = (words: string) => ({ type: 'text' as const, text: words });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const embedded = (uri: string, words: string, mimeType = 'text/plain') => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: words },
});

/** The tools of the suite that only answer. */
export function registerContentTools(server: McpServer): void {
  const answer = (name: string, description: string, content: object[]) =>
    server.registerTool(name, { description }, () => ({ content: content as never }));
  answer('test_simple_text', 'Answers with text', [text('This is a simple text response for testing.')]);
  answer('test_image_content', 'Answers with a picture', [image]);
  answer('test_audio_content', 'Answers with sound', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]);
  answer('test_embedded_resource', 'Answers with a resource', [
    embedded('test://embedded-resource', 'This is an embedded resource content.'),
  ]);
  answer('test_multiple_content_types', 'Answers with all kinds', [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', '{"test":"data","value":123}', 'application/json'),
  ]);
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
}

export function registerResources(server: McpServer): void {
  const one = (uri: string, content: object) => () => ({ contents: [{ uri, ...content }] as never });
  const resource = (name: string, uri: string, mimeType: string, content: object) =>
    server.registerResource(name, uri, { description: name, mimeType }, one(uri, { mimeType, ...content }));
  resource('static-text', 'test://static-text', 'text/plain', {
    text: 'This is the content of the static text resource.',
  });
  resource('static-binary', 'test://static-binary', 'image/png', { blob: PNG });
  resource('watched-resource', 'test://watched-resource', 'text/plain', { text: 'Watched.' });
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  const about = { description: 'A template', mimeType: 'application/json' };
  server.registerResource('template', template, about, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      },
    ],
  }));
}

export function registerPrompts(server: McpServer): void {
  const user = (content: object) => ({ role: 'user' as const, content: content as never });
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => ({
    messages: [user(text('This is a simple prompt for testing.'))],
  }));
  const two = z.object({ arg1: z.string().describe('First'), arg2: z.string().describe('Second') });
  server.registerPrompt('test_prompt_with_arguments', { description: 'Two arguments', argsSchema: two }, (args) => ({
    messages: [user(text(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`))],
  }));
  const uri = z.object({ resourceUri: z.string().describe('What to embed') });
  server.registerPrompt('test_prompt_with_embedded_resource', { description: 'Embeds', argsSchema: uri }, (args) => ({
    messages: [
      user(embedded(args.resourceUri, 'Embedded resource content for testing.')),
      user(text('Please process the embedded resource above.')),
    ],
  }));
  server.registerPrompt('test_prompt_with_image', { description: 'Has a picture' }, () => ({
    messages: [user(image), user(text('Please analyze the image above.'))],
  }));
}

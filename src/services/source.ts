import type { Character, CharacterSource } from '../domain/character.ts';
import { invalid } from '../domain/errors.ts';
import { parseHttpUrl } from '../domain/video.ts';
import type { Workspace } from './core.ts';
import { allowedFile } from './input-files.ts';
import type { CreateCharacterInput } from './services.ts';

/** Where the character's look comes from: what the caller gave, else what the catalog kept. */
export async function sourceOf(
  input: Pick<CreateCharacterInput, 'videoUrl' | 'filePath' | 'startSeconds' | 'endSeconds'>,
  existing: Character | undefined,
  workspace: Workspace,
): Promise<CharacterSource> {
  checkSpan(input.startSeconds, input.endSeconds);
  if (input.videoUrl !== undefined && input.filePath !== undefined) {
    throw invalid('video_url', 'video_url and file_path are both given', 'Give exactly one of them.');
  }
  if (input.videoUrl !== undefined) {
    const url = parseHttpUrl('video_url', input.videoUrl).href;
    const { startSeconds, endSeconds } = input;
    return { kind: 'video_url', url, startSeconds, endSeconds };
  }
  if (input.filePath !== undefined) {
    return { kind: 'file', path: await allowedFile('file_path', input.filePath, workspace.inputDirs) };
  }
  if (existing && existing.source.kind !== 'adopted') return existing.source;
  throw invalid('video_url', 'neither video_url nor file_path is given', 'Give a clip that shows the character.');
}

function checkSpan(start: number | undefined, end: number | undefined): void {
  if (start !== undefined && end !== undefined && end <= start) {
    throw invalid('end_seconds', `end_seconds (${end}) is not after start_seconds (${start})`, 'Give a later end.');
  }
}

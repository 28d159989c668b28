import type { Tool } from '../tool.ts';
import { createCharacter } from './create-character.ts';
import { estimateCost } from './estimate-cost.ts';
import { extractCharacter } from './extract-character.ts';
import { generateVideo } from './generate-video.ts';
import { getTask } from './get-task.ts';
import { listCharacters } from './list-characters.ts';
import { makeStoryboard } from './make-storyboard.ts';
import { reviseVideo } from './revise-video.ts';

/** Every tool, in the order in which clients show them. */
export const TOOLS: readonly Tool[] = [
  createCharacter,
  extractCharacter,
  listCharacters,
  generateVideo,
  getTask,
  estimateCost,
  makeStoryboard,
  reviseVideo,
];

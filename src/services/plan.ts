import type { CharacterInVideo, ReviseVideo } from '../backends/backend.ts';
import type { ClipSpan } from '../domain/character.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { MediaSource, Route, Size } from '../domain/video.ts';

/** One way to make the asked video, ready to be sent: what the router chose, in the backend's own words. */
export interface Plan {
  readonly backend: string;
  readonly route: Route;
  readonly model: string;
  /** Whole length as the backend makes it, in seconds. */
  readonly seconds: number;
  readonly size?: Size | undefined;
  /** Absent when the price is unknown. */
  readonly quote?: MicroUsd | undefined;
  readonly sentPrompt: string;
  readonly reasons: readonly string[];
  readonly characters: readonly CharacterInVideo[];
  readonly referenceImage?: MediaSource | undefined;
  readonly referenceVideo?: string | undefined;
  readonly referenceSpan?: ClipSpan | undefined;
  readonly influenceStrength?: number | undefined;
  /** Set when the video is made from another one. */
  readonly revision?: Pick<ReviseVideo, 'mode' | 'remoteTaskId' | 'seconds'> | undefined;
}

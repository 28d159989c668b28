import type { BackendProfile } from '../domain/models.ts';
import { checkClip, inspectClip } from '../media/clip.ts';

/** Looks at the clip before money is spent: a video at all, and as long as the backend wants it. */
export async function checkSourceClip(
  path: string,
  profile: BackendProfile,
  span: { readonly startSeconds?: number | undefined; readonly endSeconds?: number | undefined },
): Promise<void> {
  const clip = await inspectClip(path);
  checkClip(
    clip,
    { seconds: profile.capabilities.characterClipSeconds },
    { start: span.startSeconds, end: span.endSeconds },
  );
}

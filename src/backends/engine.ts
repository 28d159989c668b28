import type { Backend, RemoteVideo } from './backend.ts';
import { createCharacter, extractCharacter, getCharacter, listCharacters } from './characters.ts';
import { openContent } from './content.ts';
import type { Notices } from './http-port.ts';
import { probe } from './probe.ts';
import { createVideo, deleteVideo, getVideo, listVideos, reviseVideo } from './videos.ts';
import type { Wire } from './wire.ts';

/** A backend that also passes on what its upstream announced. */
export interface DialectBackend extends Backend {
  notices(): Notices;
}

/** Jobs: what every dialect has, and the listing, deleting and revising that this one's operations make possible. */
export function jobParts(wire: Wire): DialectBackend {
  const { capabilities } = wire.profile;
  const shown = (video: RemoteVideo) => withoutKey(video, wire);
  return {
    profile: wire.profile,
    createVideo: async (request, context) => shown(await createVideo(wire, request, context)),
    getVideo: async (remoteId, context) => shown(await getVideo(wire, remoteId, context)),
    ...(capabilities.listVideos && {
      listVideos: async (page, context) => {
        const { videos, ...rest } = await listVideos(wire, page, context);
        return { videos: videos.map(shown), ...rest };
      },
    }),
    ...(capabilities.deleteVideo && { deleteVideo: (remoteId, context) => deleteVideo(wire, remoteId, context) }),
    ...((capabilities.remix || capabilities.edit || capabilities.extend) && {
      revise: async (request, context) => shown(await reviseVideo(wire, request, context)),
    }),
    openContent: (known, variant, from, context) => openContent(wire, known, variant, from, context),
    probe: (context) => probe(wire, context),
    notices: () => wire.http.notices(),
    close: () => wire.http.close(),
  };
}

/** Characters, as far as the dialect's operations go. */
export function characterParts(
  wire: Wire,
): Pick<Backend, 'createCharacter' | 'extractCharacter' | 'getCharacter' | 'listCharacters'> {
  const { capabilities } = wire.profile;
  return {
    ...(capabilities.createCharacter && {
      createCharacter: (request, context) => createCharacter(wire, request, context),
    }),
    ...(capabilities.extractCharacter && {
      extractCharacter: (request, context) => extractCharacter(wire, request, context),
    }),
    ...(wire.dialect.operations.getCharacter && {
      getCharacter: (pending, context) => getCharacter(wire, pending, context),
    }),
    ...(capabilities.listCharacters && { listCharacters: (context) => listCharacters(wire, context) }),
  };
}

/** A link that quotes the key is not handed on; `openContent` finds it again by the job's id. */
function withoutKey(video: RemoteVideo, wire: Wire): RemoteVideo {
  const { videoUrl } = video;
  if (videoUrl === undefined || wire.tell(videoUrl, videoUrl.length) === videoUrl) return video;
  const { videoUrl: _, ...rest } = video;
  return rest;
}

/** The addresses of what can be read. */
export const SCHEME = 'sora://';
export const CHARACTERS_URI = `${SCHEME}characters`;
export const CHARACTER_TEMPLATE = `${SCHEME}characters/{handle}`;
export const TASK_TEMPLATE = `${SCHEME}tasks/{id}`;
export const PRICING_URI = `${SCHEME}pricing`;
export const BACKENDS_URI = `${SCHEME}backends`;
export const SPEND_URI = `${SCHEME}spend`;
export const STORYBOARDS_URI = `${SCHEME}storyboards`;
export const STORYBOARD_TEMPLATE = `${SCHEME}storyboards/{id}`;

export const characterUri = (handle: string) => `${CHARACTERS_URI}/${encodeURIComponent(handle)}`;
export const taskUri = (id: string) => `${SCHEME}tasks/${encodeURIComponent(id)}`;
export const storyboardUri = (id: string) => `${STORYBOARDS_URI}/${encodeURIComponent(id)}`;

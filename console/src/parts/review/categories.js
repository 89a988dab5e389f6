/** The categories that the keys 1 to 9 name, in this order. */
export const CATEGORIES = [
  'hate',
  'harassment',
  'self-harm',
  'sexual',
  'sexual/minors',
  'violence',
  'illicit',
  'jailbreak',
  'personal-data',
];

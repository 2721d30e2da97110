import manifest from '../../../package.json' with { type: 'json' }

/** Plaza's version, as its package says. */
export const version: string = manifest.version

import { env } from 'node:process' // refused: environment

const { env: again } = process // refused: environment
export const used = [env, again]
export const plain = process.env.PORT // refused: environment
export const bracketed = process['env'].PORT // refused: environment
export const roundabout = globalThis.process.env // refused: environment

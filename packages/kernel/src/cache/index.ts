export * from './cache.ts'
export { memoryCache } from './memory-cache.ts'

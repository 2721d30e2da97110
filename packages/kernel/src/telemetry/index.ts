export * from './logger.ts'
export * from './metrics.ts'
export * from './start-tracing.ts'
export * from './tracing.ts'

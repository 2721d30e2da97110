export * from './call.ts'
export * from './context.ts'

export * from './boot-services.ts'
export * from './find-text.ts'
export * from './plan-of.ts'
export * from './requirements.ts'

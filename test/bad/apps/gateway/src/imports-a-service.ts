import { call } from '@plaza/kernel/call'
import { posts } from '@plaza/posts/contract'
import { postsService } from '@plaza/posts/service' // refused: import

export const used = [call, posts, postsService]

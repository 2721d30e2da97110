import { authService } from '@plaza/auth/service'
import type { ServiceDefinition } from '@plaza/kernel/service'
import { postsService } from '@plaza/posts/service'
import { timelinesService } from '@plaza/timelines/service'
import { usersService } from '@plaza/users/service'

/** Every service Plaza has. */
export const allServices: readonly ServiceDefinition[] = [
  authService,
  usersService,
  postsService,
  timelinesService,
]

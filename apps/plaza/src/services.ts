import { analyticsService } from '@plaza/analytics/service'
import { authService } from '@plaza/auth/service'
import { gateway } from '@plaza/gateway/contract'
import type { ServiceDefinition } from '@plaza/kernel/service'
import { moderationService } from '@plaza/moderation/service'
import { postsService } from '@plaza/posts/service'
import { privacyService } from '@plaza/privacy/service'
import { searchService } from '@plaza/search/service'
import { timelinesService } from '@plaza/timelines/service'
import { usersService } from '@plaza/users/service'

/** Every service Plaza has. */
export const allServices: readonly ServiceDefinition[] = [
  authService,
  usersService,
  postsService,
  timelinesService,
  searchService,
  moderationService,
  privacyService,
  analyticsService,
]

export const allContracts = allServices.map(each => each.contract)

/** The names a process can host: the services, and the gateway. */
export const knownNames: readonly string[] = [...allContracts.map(each => each.name), gateway.name]

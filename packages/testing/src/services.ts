/** Plaza's real services, for tests of what only several of them together show. */
export { analyticsService } from '@plaza/analytics/service'
export { authService } from '@plaza/auth/service'
export { moderationService } from '@plaza/moderation/service'
export { postsService } from '@plaza/posts/service'
export { privacyOver } from '@plaza/privacy/service'
export { searchService } from '@plaza/search/service'
export { timelinesService } from '@plaza/timelines/service'
export { usersService } from '@plaza/users/service'

/**
 * The names and types of the fields that Slack was recorded to send, each object in one line.
 * Taken from the samples of Slack's Java SDK (slackapi/java-slack-sdk, json-logs/samples, commit 86ff7ca, MIT
 * licence), for the methods and events that the local Slack has; fields it never sends are left out. `s` is a
 * string, `n` a number, `b` a boolean, `?` anything, `B` blocks, `*` any key, a capital letter another line.
 * A message may carry in an event and in a payload whatever it carries in an answer.
 */
export const OBJECTS = `
BotProfile = id name app_id team_id user_id: s; deleted: b; updated: n; icons: Icons
Icons = image_36 image_48 image_72 emoji image_64: s
File = id name title subject mimetype filetype pretty_type user user_team source_team mode editor
  last_editor file_access alt_txt subtype external_type external_id external_url username url_private
  url_private_download url_static_preview app_id app_name permalink permalink_public edit_link preview
  plain_text bot_id: s; created timestamp updated edit_timestamp size lines lines_more: n; editable
  non_owner_editable is_external has_rich_preview has_more sent_to_self is_public public_url_shared
  display_as_bot has_more_shares is_starred is_modified_by_ai: b; editors channels groups ims pinned_to:
  [s]; shares: ?
View = id team_id type private_metadata callback_id external_id hash root_view_id previous_view_id app_id
  app_installed_team_id bot_id entity_url app_unfurl_url message_ts thread_ts channel: s; title submit
  close: Plain; blocks: B; state: ?; clear_on_close notify_on_close submit_disabled: b; external_ref: {id
  type: s}
Profile = title phone skype real_name real_name_normalized display_name display_name_normalized status_text
  status_emoji avatar_hash api_app_id bot_id image_24 image_32 image_48 image_72 image_192 image_512
  status_text_canonical team image_original email first_name last_name image_1024 status_emoji_url pronouns
  huddle_state guest_invited_by start_date guest_channels: s; status_expiration huddle_state_expiration_ts
  guest_expiration_ts: n; always_active is_custom_image status_clear_on_focus_end: b;
  status_emoji_display_info: [{emoji_name display_alias display_url unicode: s}]; fields: ?
Bookmark = id channel_id title link emoji icon_url entity_id type rank last_updated_by_user_id
  last_updated_by_team_id shortcut_id app_id app_action_id: s; date_created date_updated: n
UserGroup = id team_id name description handle enterprise_subteam_id created_by updated_by deleted_by: s;
  is_usergroup is_subteam is_external auto_provision is_section is_idp_group is_visible
  is_editing_restricted is_membership_locked is_org_level: b; date_create date_update date_delete
  channel_count user_count: n; prefs: {channels groups: [s]}; users: [s]
Reaction = name url: s; users: [s]; count: n
Edited = user ts: s
Message = type subtype text ts username bot_id thread_ts parent_user_id latest_reply user team app_id topic
  purpose client_msg_id inviter last_read permalink user_team source_team name old_name: s; icons: Icons;
  reply_count reply_users_count: n; reply_users pinned_to: [s]; subscribed upload display_as_bot is_locked
  hidden unfurl_links unfurl_media is_thread_broadcast: b; bot_profile: BotProfile; root: Message; metadata:
  {event_type: s; event_payload: ?}; attachments user_profile: ?; blocks: B; edited: Edited; files: [File];
  reactions: [Reaction]; file: File
Channel = id name name_normalized creator last_read context_team_id locale conversation_host_id user: s;
  is_channel is_group is_im is_archived is_general is_shared is_ext_shared is_org_shared
  is_pending_ext_shared is_member is_private is_mpim is_open is_read_only is_thread_only is_non_threadable
  is_global_shared is_org_default is_org_mandatory is_starred is_user_deleted: b; created unlinked priority
  is_moved updated num_members unread_count unread_count_display: n; shared_team_ids pending_shared
  pending_connected_team_ids previous_names internal_team_ids connected_team_ids connected_limited_team_ids:
  [s]; topic purpose: Note
User = id team_id name color real_name tz tz_label locale who_can_share_contact_card enterprise_id
  enterprise_name two_factor_type presence: s; deleted is_admin is_owner is_primary_owner is_restricted
  is_ultra_restricted is_bot is_app_user has_2fa is_email_confirmed is_stranger is_workflow_bot
  is_invited_user is_connector_bot has_files: b; tz_offset updated: n; profile: Profile; enterprise_user: ?;
  teams: [s]
Note = value creator: s; last_set: n
Plain = type text: s; emoji: b
TeamIcon = image_34 image_44 image_68 image_88 image_102 image_132 image_230 image_original: s;
  image_default: b
PayloadTeam = id domain enterprise_id enterprise_name: s
Enterprise = id name: s
PayloadUser = id username name team_id: s
Meta = messages warnings: [s]; next_cursor: s
`;

/** Beside `ok`, `error`, `detail`, `needed`, `provided`, `warning`, `response_metadata`, which any may have. */
export const ANSWERS = `
apps.connections.open = url: s
auth.test = url team user team_id user_id bot_id enterprise_id app_name app_id: s; is_enterprise_install: b;
  expires_in: n
bookmarks.add = bookmark: Bookmark
bookmarks.edit = bookmark: Bookmark
bookmarks.list = bookmarks: [Bookmark]
bookmarks.remove =
bots.info = bot: {id name app_id user_id: s; deleted: b; updated: n; icons: Icons}
canvases.edit =
canvases.sections.lookup = sections: [{id: s}]
chat.delete = channel ts: s
chat.deleteScheduledMessage =
chat.getPermalink = permalink channel: s
chat.postEphemeral = message_ts: s
chat.postMessage = channel ts deprecated_argument: s; message: Message; errors: [s]
chat.scheduleMessage = scheduled_message_id channel: s; post_at: n; message: Message
chat.update = channel ts text: s; message: Message
conversations.archive =
conversations.canvases.create = canvas_id: s
conversations.create = channel: Channel
conversations.history = messages: [Message]; has_more: b; pin_count channel_actions_ts
  channel_actions_count: n; oldest latest: s
conversations.info = channel: Channel
conversations.invite = channel: Channel; errors: [{ok: b; error user: s}]
conversations.join = channel: Channel
conversations.kick = errors: ?
conversations.leave =
conversations.list = channels: [Channel]; arg callstack: s
conversations.members = members: [s]
conversations.open = channel: Channel; no_op already_open: b
conversations.rename = channel: Channel
conversations.replies = messages: [Message]; has_more: b
conversations.setPurpose = channel: Channel
conversations.setTopic = channel: Channel
conversations.unarchive =
emoji.list = emoji: {*: s}; cache_ts categories_version: s; categories: [{name: s; emoji_names: [s]}]
files.completeUploadExternal = files: [File]
files.getUploadURLExternal = upload_url file_id: s
files.info = file: File; content content_highlight_html content_highlight_css: s; is_truncated
  content_highlight_html_truncated: b; comments: [{id user comment channel: s; created timestamp: n;
  is_intro: b}]; paging: {count total page pages: n}
pins.add =
pins.list = items: [{type created_by comment: s; created: n; file: File}]
pins.remove =
reactions.add =
reactions.get = type channel: s; message: Message
reactions.remove =
team.info = team: {id name domain email_domain url enterprise_id enterprise_name enterprise_domain
  discoverable avatar_base_url pay_prod_cur locale: s; icon: TeamIcon; is_verified lob_sales_home_enabled
  is_sfdc_auto_slack: b; sso_provider: {type name label: s}}
usergroups.list = usergroups: [UserGroup]
usergroups.users.list = users: [s]
users.info = user: User
users.list = offset: s; members: [User]; cache_ts: n
users.lookupByEmail = user: User
users.profile.get = profile: Profile
views.open = view: View
views.publish = view: View
views.push = view: View
views.update = view: View
`;

/** What is around an event. */
export const ENVELOPE = `
token enterprise_id team_id api_app_id type event_id event_context context_team_id context_enterprise_id: s;
authed_users authed_teams: [s]; authorizations: [{enterprise_id team_id user_id: s; is_bot
is_enterprise_install: b}]; is_ext_shared_channel: b; event_time: n; event: ?
`;

/** Beside `type` and `event_ts`; a message is a Message with these. */
export const EVENTS = `
app_home_opened = user channel tab: s; view: View
app_mention = channel: s
channel_archive = channel user: s; is_moved: n
channel_created = channel: {id name name_normalized creator context_team_id: s; is_channel is_shared
  is_org_shared is_group is_im is_mpim is_private is_archived is_general is_pending_ext_shared
  is_ext_shared: b; created unlinked updated is_moved: n; pending_shared shared_team_ids internal_team_ids
  pending_connected_team_ids previous_names: [s]; topic purpose: Note}
channel_rename = channel: {id name name_normalized: s; is_channel is_mpim: b; created: n}
channel_unarchive = channel user: s
file_shared = file_id user_id channel_id: s; file: {id: s}
group_archive = channel user: s; is_moved: n
group_rename = channel: {id name name_normalized: s; is_channel is_mpim: b; created: n}
member_joined_channel = user channel channel_type team inviter enterprise: s
member_left_channel = user channel channel_type team: s
message = channel_type channel deleted_ts: s; message previous_message: Message
pin_added = user channel_id item_user: s; item: {type created_by channel: s; created: n; message: Message};
  pin_count: n; pinned_info: {channel pinned_by: s; pinned_ts: n}
pin_removed = user channel_id item_user: s; item: {type created_by channel: s; created: n; message:
  Message}; pin_count: n; pinned_info: {channel pinned_by: s; pinned_ts: n}; has_pins: b
reaction_added = user reaction item_user: s; item: {type channel ts: s}
reaction_removed = user reaction item_user: s; item: {type channel ts: s}
subteam_members_changed = subteam_id team_id: s; date_previous_update date_update added_users_count
  removed_users_count: n; added_users removed_users: [s]
subteam_updated = subteam: UserGroup
team_join = user: User
user_change = user: User; cache_ts: n
`;

/** Commands, clicks, shortcuts and forms. */
export const PAYLOADS = `
slash_commands = token api_app_id team_id team_domain enterprise_id enterprise_name channel_id channel_name
  user_id user_name command text response_url trigger_id is_enterprise_install: s
block_actions = type api_app_id token trigger_id response_url: s; enterprise: Enterprise; team: PayloadTeam;
  user: PayloadUser; container: {type message_ts channel_id view_id text app_unfurl_url thread_ts: s;
  attachment_id: n; is_ephemeral is_app_unfurl: b}; channel: {id name: s}; message: Message; view: View;
  state: ?; actions:
  [{action_id block_id value type style action_ts url selected_user initial_user selected_conversation
  initial_conversation selected_channel initial_channel selected_date initial_date selected_time
  initial_time: s; text placeholder: {type text: s; emoji: b}; confirm: {title text confirm deny: {type
  text: s; emoji: b}; style: s}; initial_option: {text description: {type text: s; emoji: b}; value url: s};
  selected_option: {text: {type text: s; emoji: b}; value: s}; min_query_length: n; rich_text_value: {type
  block_id: s; elements: ?}}]; is_enterprise_install: b
message_action = type callback_id trigger_id message_ts response_url token action_ts: s; message: Message;
  enterprise: Enterprise; team: PayloadTeam; user: PayloadUser; channel: {id name: s};
  is_enterprise_install: b
view_submission = type api_app_id token trigger_id: s; enterprise: Enterprise; team: PayloadTeam; user:
  PayloadUser; view: View; is_enterprise_install is_cleared: b
view_closed = type api_app_id token: s; enterprise: Enterprise; team: PayloadTeam; user: PayloadUser; view:
  View; is_enterprise_install is_cleared: b
`;

/** Not in the samples, but in Slack's documentation: messages among the pins, menus of many, options asked for. */
export const DOCUMENTED = `
pins.list = items: [{channel: s; message: Message}]
chat.scheduledMessages.list = scheduled_messages: [{id channel_id text: s; post_at date_created: n}]
usergroups.create = usergroup: UserGroup
usergroups.update = usergroup: UserGroup
usergroups.users.update = usergroup: UserGroup
usergroups.disable = usergroup: UserGroup
usergroups.enable = usergroup: UserGroup
conversations.leave = not_in_channel: b
group_unarchive = channel user: s
subteam_created = subteam: UserGroup
block_actions = actions: [{selected_options: ?; selected_users selected_conversations selected_channels: [s];
  selected_date_time: n}]
block_suggestion = type api_app_id token action_id block_id value: s; enterprise: Enterprise; team: PayloadTeam;
  user: PayloadUser; container: {type message_ts channel_id view_id thread_ts: s; is_ephemeral: b};
  channel: {id name: s}; message: Message; view: View; is_enterprise_install: b
shortcut = type callback_id trigger_id token action_ts: s; enterprise: Enterprise; team: PayloadTeam;
  user: PayloadUser; is_enterprise_install: b
`;

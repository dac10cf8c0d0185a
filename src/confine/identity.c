/*
 * Users and capabilities: see confine.h.
 *
 * libcap-ng drops the capabilities, those of the bounding and the ambient
 * set among them.  In a build without it the change of the user drops them
 * (capabilities(7), "Effect of user ID changes on capabilities"), and
 * somebody who is not root keeps what the file or the service manager gave.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef HAVE_LIBCAP_NG
#include <cap-ng.h>
#endif

#include "confine/confine.h"

static bool
refuse(char message[TF_CONFINE_MESSAGE_SIZE], const char *what, int error)
{
	snprintf(message, TF_CONFINE_MESSAGE_SIZE, "%s: %s", what, strerror(error));
	return false;
}

bool
tf_identity_find(struct tf_identity *who, const char *user, char message[TF_CONFINE_MESSAGE_SIZE])
{
	*who = (struct tf_identity){.change = false, .uid = geteuid(), .gid = getegid()};
	if (geteuid() != 0) {
		snprintf(message, TF_CONFINE_MESSAGE_SIZE, "-Z: only root can become another user");
		return !user;
	}
	const char *name = user ? user : TF_DEFAULT_USER;
	const struct passwd *entry = getpwnam(name);
	if (!entry) {
		snprintf(message, TF_CONFINE_MESSAGE_SIZE,
		         "-Z: there is no user '%.60s' to become (give -Z USER, or --no-sandbox)", name);
		return false;
	}
	*who = (struct tf_identity){.change = true, .uid = entry->pw_uid, .gid = entry->pw_gid};
	return true;
}

static bool
forbid_new_privileges(char message[TF_CONFINE_MESSAGE_SIZE])
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refuse(message, "no-new-privs cannot be set", errno);
	return true;
}

#ifdef HAVE_LIBCAP_NG

static bool
drop_all(const struct tf_identity *who, char message[TF_CONFINE_MESSAGE_SIZE])
{
	capng_clear(CAPNG_SELECT_ALL);
	/* A container may not let us clear the bounding set; what we have now is empty all the same. */
	if (who->change &&
	    capng_change_id((int)who->uid, (int)who->gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) != 0 &&
	    capng_change_id((int)who->uid, (int)who->gid, CAPNG_DROP_SUPP_GRP) != 0)
		return refuse(message, "the user cannot be changed", errno);
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0 || capng_apply(CAPNG_SELECT_AMBIENT) != 0)
		return refuse(message, "the capabilities cannot be dropped", errno);
	if (capng_get_caps_process() == 0 && capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
		return true;
	return refuse(message, "some capabilities are left", EPERM);
}

const char *
tf_confine_features(void)
{
#ifdef HAVE_LIBSECCOMP
	return "libseccomp, libcap-ng";
#else
	return "libcap-ng";
#endif
}

#else

static bool
drop_all(const struct tf_identity *who, char message[TF_CONFINE_MESSAGE_SIZE])
{
	if (who->change && (setgroups(0, NULL) != 0 || setresgid(who->gid, who->gid, who->gid) != 0 ||
	                    setresuid(who->uid, who->uid, who->uid) != 0))
		return refuse(message, "the user cannot be changed", errno);
	return true;
}

const char *
tf_confine_features(void)
{
#ifdef HAVE_LIBSECCOMP
	return "libseccomp";
#else
	return "";
#endif
}

#endif

bool
tf_identity_take(const struct tf_identity *who, char message[TF_CONFINE_MESSAGE_SIZE])
{
	if (!forbid_new_privileges(message) || !drop_all(who, message))
		return false;
	/* The way back must be shut. */
	if (who->change && who->uid != 0 && setuid(0) == 0)
		return refuse(message, "root could be had again", EPERM);
	return true;
}

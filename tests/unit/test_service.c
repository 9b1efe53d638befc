/* daemon/service: what systemd hears. */
#include "support/check.h"

#include "host/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fixture {
	uv_loop_t loop;
	struct shd_service *service;
	int fd;
	bool alive, closed;
	int asked;
};

static bool alive(void *ctx)
{
	struct fixture *f = ctx;

	f->asked++;
	return f->alive;
}

static int start_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "storehealthd-test-%d", getpid());
	f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				    strlen(at.sun_path + 1));
	assert_int_equal(bind(f->fd, (struct sockaddr *)&at, len), 0);
	at.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	setenv("WATCHDOG_USEC", "30000", 1);
	unsetenv("WATCHDOG_PID");
	uv_loop_init(&f->loop);
	f->service = shd_service_create(&f->loop, alive, f);
	*state = f;
	return 0;
}

static void note(void *ctx)
{
	*(bool *)ctx = true;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	shd_service_close(f->service, note, &f->closed);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	close(f->fd);
	free(f);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	return 0;
}

/* The next datagram, "" when there is none. */
static const char *heard(struct fixture *f)
{
	static char text[512];
	ssize_t len = recv(f->fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void states_are_told(void **state)
{
	struct fixture *f = *state;

	shd_service_ready(f->service);
	assert_string_equal(heard(f), "READY=1");
	shd_service_reloading(f->service);
	assert_memory_equal(heard(f), "RELOADING=1\nMONOTONIC_USEC=", 27);
	shd_service_stopping(f->service);
	assert_string_equal(heard(f), "STOPPING=1");
}

static void a_status_is_told_when_it_changes(void **state)
{
	struct fixture *f = *state;

	shd_service_status(f->service, "%d stores", 3);
	assert_string_equal(heard(f), "STATUS=3 stores");
	shd_service_status(f->service, "%d stores", 3);
	assert_string_equal(heard(f), "");
	shd_service_status(f->service, "%d stores", 4);
	assert_string_equal(heard(f), "STATUS=4 stores");
}

/* Until the last word is `end`, or a second is over. */
static void hear_until(struct fixture *f, const char *end)
{
	uint64_t until = uv_hrtime() + 1000000000U;
	const char *last;

	do {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		last = heard(f);
	} while (strcmp(last, end) != 0 && uv_hrtime() < until);
	assert_string_equal(last, end);
}

/* sd_notify() would wait here for ever. */
static void a_manager_that_takes_nothing_stops_nobody(void **state)
{
	struct fixture *f = *state;

	f->alive = true;
	for (int i = 0; i < 5000; i++) { /* more than any queue holds */
		shd_service_reloading(f->service);
		shd_service_status(f->service, "%d stores", i);
	}
	while (f->asked < 3)
		uv_run(&f->loop, UV_RUN_ONCE);
	shd_service_ready(f->service);
	f->alive = false;
	hear_until(f, "READY=1");
	hear_until(f, "STATUS=4999 stores");
}

static void a_manager_that_went_is_found_again(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un at;
	socklen_t len = sizeof(at);

	shd_service_ready(f->service);
	assert_int_equal(getsockname(f->fd, (struct sockaddr *)&at, &len), 0);
	close(f->fd);
	shd_service_status(f->service, "nobody hears it");
	f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&at, len), 0);
	shd_service_status(f->service, "back");
	assert_string_equal(heard(f), "STATUS=back");
}

static void the_watchdog_is_fed_only_while_work_gets_on(void **state)
{
	struct fixture *f = *state;

	f->alive = false;
	while (f->asked < 2)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_string_equal(heard(f), "");
	f->alive = true;
	while (f->asked < 3)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_string_equal(heard(f), "WATCHDOG=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(states_are_told, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_status_is_told_when_it_changes, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_manager_that_takes_nothing_stops_nobody, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_manager_that_went_is_found_again, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_watchdog_is_fed_only_while_work_gets_on, start_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* libraries FOLDER: opens and closes libraries in all ways. Some are found only by this program's
 * own search path: it is linked with -rpath $ORIGIN/beside. Says what the linker gave. With
 * PATHS_ONLY it does without those, and its errno may change: it does under LTTng's helper. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *tell(const char *what, void *handle)
{
	int (*number)(void) = handle ? (int (*)(void))dlsym(handle, "number") : NULL;
	printf("%s: %s %d\n", what, handle ? "opened" : dlerror(), number ? number() : 0);
	return handle;
}

static void end(void *handle)
{
	errno = 77;
	if (!handle || dlclose(handle)) abort();
#ifndef PATHS_ONLY
	if (errno != 77) abort();
#endif

}

int main(int count, char **words)
{
	if (count != 2 || chdir(words[1])) return 2;
	void *plug = tell("by path", dlopen("./plug.so", RTLD_NOW));
	void *again = tell("by a link", dlopen("./link.so", RTLD_LAZY | RTLD_GLOBAL));
	end(again);
	end(plug);
	end(tell("needs another", dlopen("./needs.so", RTLD_NOW)));
	void *apart = tell("in a namespace", dlmopen(LM_ID_NEWLM, "./plug.so", RTLD_NOW));
	end(apart);
#ifndef PATHS_ONLY
	end(tell("by the search path", dlopen("libbeside.so", RTLD_NOW)));
	end(tell("beside the program", dlopen("$ORIGIN/beside/libbeside.so", RTLD_NOW)));
	end(tell("by the search path in a namespace", dlmopen(LM_ID_NEWLM, "libbeside.so", RTLD_NOW)));
#endif
	end(tell("the program", dlopen(NULL, RTLD_NOW)));
	tell("nothing", dlopen("./nothing.so", RTLD_NOW));
	tell("no library", dlopen("./text.so", RTLD_NOW));
	return 0;
}

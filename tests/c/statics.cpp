// Allocates before main, in constructors of statics, and after it, in their destructors.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

struct Early {
	std::map<int, std::string> names;
	std::vector<long> numbers;
	void *block = std::malloc(1000001);
	Early()
	{
		for (int i = 0; i < 1000; i++) names[i] = std::string(100, 'a' + i % 26);
		numbers.resize(100000, 7);
	}
	~Early()
	{
		std::free(block);
		void *volatile last = std::malloc(1000003);
		std::free(last);
		std::printf("%zu %zu\n", names.size(), numbers.size());
	}
};

static Early early;

int main()
{
	std::thread thread([] { early.names[1000] = "thread"; });
	thread.join();
	try { throw std::string("thrown"); } catch (const std::string &text) { std::puts(text.c_str()); }
	return 3;
}

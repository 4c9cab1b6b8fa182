"""ChatOpenAI and an agent loop, as LangChain's documentation uses them."""

from __future__ import annotations

from typing import Annotated

from checklist import check, main
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langgraph.checkpoint.memory import InMemorySaver
from page import run_page
from pydantic import Field


@tool
def get_weather(city: str) -> str:
    """Get the current weather in a city."""
    return f"It is 18 degrees and sunny in {city}."


def model(url: str, name: str = "tiny", **options: object) -> ChatOpenAI:
    return ChatOpenAI(base_url=f"{url}/v1", api_key="any", model=name, temperature=0, **options)


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("invoke")
def invoke(url: str) -> None:
    reply = model(url).invoke([SystemMessage("Your name is Nora."), HumanMessage("What is your name?")])
    assert "Nora" in reply.content, reply
    assert reply.usage_metadata["output_tokens"] > 0, reply


@check("stream says what invoke says")
def stream(url: str) -> None:
    chunks = list(model(url).stream("Hello!"))
    assert len(chunks) > 1
    assert "".join(chunk.content for chunk in chunks) == model(url).invoke("Hello!").content


@check("ainvoke and astream")
async def asynchronous(url: str) -> None:
    words = [chunk.content async for chunk in model(url).astream("Hello!")]
    assert "".join(words) == (await model(url).ainvoke("Hello!")).content


@check("a chain with conversation memory")
def memory(url: str) -> None:
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{question}")])
    chain = prompt | model(url) | StrOutputParser()
    history = [HumanMessage("My name is Alice.")]
    history.append(model(url).invoke(history))
    assert "Alice" in chain.invoke({"history": history, "question": "What is my name?"})


@check("bind_tools and a tool message")
def bound(url: str) -> None:
    bound = model(url).bind_tools([get_weather])
    messages = [HumanMessage("What is the weather in Paris?")]
    call = bound.invoke(messages)
    assert call.tool_calls[0]["args"] == {"city": "Paris"}, call
    result = get_weather.invoke(call.tool_calls[0])
    assert isinstance(result, ToolMessage)
    assert "18" in bound.invoke([*messages, call, result]).content


@tool
def get_time(city: Annotated[str, Field(max_length=24)]) -> str:
    """Get the current time in a city."""
    return f"It is noon in {city}."


@check("a call forced on a model with random weights")
def forced(url: str) -> None:
    bound = model(url, "random", max_tokens=400).bind_tools([get_time], tool_choice="any")
    (call,) = bound.invoke("Hello!").tool_calls
    assert isinstance(call["args"]["city"], str), call


@check("an agent loop with a checkpointer")
def agent(url: str) -> None:
    made = create_agent(model(url), [get_weather], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    asked = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
    messages = made.invoke(asked, thread)["messages"]
    assert [message.type for message in messages] == ["human", "ai", "tool", "ai"], messages
    assert "18" in messages[-1].content, messages[-1]


@check("embeddings")
def embeddings(url: str) -> None:
    embed = OpenAIEmbeddings(
        base_url=f"{url}/v1", api_key="any", model="tiny", check_embedding_ctx_length=False
    )
    one, other = embed.embed_documents(["a red ball", "a blue box"])
    assert len(one) == len(other) > 0
    assert one != other


main()
